"""Starting TensorFlow under Keras without its start-up chatter."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

_XLA_FLAGS = "--xla_cpu_multi_thread_eigen=false"


def import_keras_quietly() -> None:
    """Import Keras on TensorFlow; show what they write to stderr meanwhile only on failure.

    TensorFlow writes some lines before it reads TF_CPP_MIN_LOG_LEVEL, so the file descriptor itself
    is redirected. Later warnings are left out too: TensorFlow gives one about retracing whenever a
    process trains several small networks. If the user sets TF_CPP_MIN_LOG_LEVEL=0, everything is
    shown.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # else one process takes it all
    keep_xla_to_one_core()
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        import keras
    else:
        with _hold_stderr_back():
            import keras  # noqa: F401
        logging.getLogger("tensorflow").setLevel(logging.ERROR)


def keep_xla_to_one_core() -> None:
    """Keep each XLA program to one core, as each core runs its own part of the batch.

    The user's own flags come last, and so take precedence.
    """
    users = os.environ.get("XLA_FLAGS", "")
    if _XLA_FLAGS not in users and (not users or users.startswith("--")):  # it may also name a file
        os.environ["XLA_FLAGS"] = f"{_XLA_FLAGS} {users}".strip()


@contextlib.contextmanager
def _hold_stderr_back() -> Iterator[None]:
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
