"""Starting TensorFlow under Keras without its start-up chatter."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

_XLA_FLAGS = "--xla_cpu_multi_thread_eigen=false"


def import_keras_quietly() -> None:
    """Import Keras on TensorFlow; what they write to stderr meanwhile is shown only on failure.

    TensorFlow writes some lines before it has read TF_CPP_MIN_LOG_LEVEL (tensorflow issue
    100442), so the file descriptor itself is held back. TF_CPP_MIN_LOG_LEVEL=0, set by the
    user, shows everything.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    _keep_xla_to_one_core()
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        import keras
    else:
        with _stderr_held_back():
            import keras  # noqa: F401


def _keep_xla_to_one_core() -> None:
    """XLA runs the scans, a part of the batch on each core; what the user set stays and wins."""
    theirs = os.environ.get("XLA_FLAGS", "")
    if _XLA_FLAGS not in theirs and (
        not theirs or theirs.startswith("--")
    ):  # it may also name a file
        os.environ["XLA_FLAGS"] = f"{_XLA_FLAGS} {theirs}".strip()


@contextlib.contextmanager
def _stderr_held_back() -> Iterator[None]:
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
