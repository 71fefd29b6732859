"""How TensorFlow is started."""

import os
import subprocess
import sys

import pytest

OURS = "--xla_cpu_multi_thread_eigen=false"


@pytest.mark.parametrize(
    ("theirs", "both"),
    [
        (None, OURS),
        ("--xla_dump_to=x", f"{OURS} --xla_dump_to=x"),
        (OURS, OURS),
        ("/a/file/of/flags", "/a/file/of/flags"),
    ],
)
def test_xla_keeps_to_one_core_and_to_what_the_user_set(theirs: str | None, both: str) -> None:
    """The user's flags come last and so win; a file of flags is left alone."""
    program = "import os, charrnn.networks; print(os.environ['XLA_FLAGS'])"
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    environment |= {} if theirs is None else {"XLA_FLAGS": theirs}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == both
