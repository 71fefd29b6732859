"""Which flags TensorFlow is started with."""

import os
import subprocess
import sys

import pytest

OURS = "--xla_cpu_multi_thread_eigen=false"


@pytest.mark.parametrize(
    ("users", "both"),
    [
        (None, OURS),
        ("--xla_dump_to=x", f"{OURS} --xla_dump_to=x"),
        (OURS, OURS),
        ("/a/file/of/flags", "/a/file/of/flags"),
    ],
)
def test_xla_gets_our_flag_and_the_users(users: str | None, both: str) -> None:
    """The user's flags come last and so take precedence; a file of flags is left alone."""
    program = "import os, charrnn.networks; print(os.environ['XLA_FLAGS'])"
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    environment |= {} if users is None else {"XLA_FLAGS": users}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == both
