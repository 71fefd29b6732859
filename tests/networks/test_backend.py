"""Which flags TensorFlow is started with."""

import os
import subprocess
import sys

import pytest

from charrnn.networks import backend

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
def test_xla_gets_our_flag_and_the_users(
    users: str | None, both: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's flags come last and so take precedence; a file of flags is left alone."""
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    if users is not None:
        monkeypatch.setenv("XLA_FLAGS", users)
    backend.keep_xla_to_one_core()
    assert os.environ["XLA_FLAGS"] == both


@pytest.mark.slow
def test_tensorflow_is_started_with_our_flag() -> None:
    """The flag is set before TensorFlow reads it, by importing the networks."""
    program = "import os, charrnn.networks; print(os.environ['XLA_FLAGS'])"
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == OURS
