"""Somebody else's process: quiet, left as it was, and without the command line."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from charrnn.api.session import carry_out, choose_destination, reserve_process
from charrnn.planning.folders import Folders
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.point import Point
from charrnn.training.stop import Interrupted
from tests.support.api import LENGTH, REVIEW_SETTINGS, SETTINGS, write_reviews
from tests.support.kinds import make_run, write_resume_file

NO_COMMAND_LINE = '''
import sys

class Blocker:
    """Click and charrnn.cli can't be imported, and rich not by a module of charrnn."""

    def find_spec(self, name, path=None, target=None):
        importer = sys._getframe(1)
        while importer.f_globals["__name__"].startswith("importlib."):
            importer = importer.f_back
        ours = importer.f_globals["__name__"].partition(".")[0] == "charrnn"
        top = name.partition(".")[0]
        if top == "click" or name.startswith("charrnn.cli") or (ours and top == "rich"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
for name in ("click", "charrnn.cli"):
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit(f"{name} is not blocked")
'''

QUICKER = {"epochs": 1, "validation": 0}

TRAINING = f"""
import pathlib
import charrnn
from pydoc_data.topics import topics

text = "\\n".join(topics.values())[:{LENGTH}]
model = charrnn.train(text=text, **{SETTINGS | QUICKER})
assert model.generate(length=5, seed=1) == charrnn.load(model.path).generate(length=5, seed=1)
judge = charrnn.train_classifier("reviews.csv", **{REVIEW_SETTINGS})
assert judge.probabilities(["a good film"]).shape == (1,)
assert len({{model.path.parents[1], judge.path.parents[2]}}) == 2
pathlib.Path("folders").write_text(f"{{model.path}}\\n{{judge.path}}")
"""


@pytest.mark.slow
def test_training_needs_no_command_line_and_leaves_no_trace() -> None:
    """Without click and charrnn.cli both functions train, print nothing, and keep nothing."""
    write_reviews(Path("reviews.csv"))
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", NO_COMMAND_LINE + TRAINING],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for path in map(Path, Path("folders").read_text(encoding="utf-8").splitlines()):
        assert not path.parent.parent.exists()
    assert {path.name for path in Path.cwd().iterdir()} == {"reviews.csv", "folders"}


def test_tensorflow_does_not_warn_of_retracing(caplog: pytest.LogCaptureFixture) -> None:
    """TensorFlow warns if a process traces several small networks; its logger is kept quiet."""
    from tensorflow.python.platform import tf_logging

    import charrnn.networks  # noqa: F401

    tf_logging.warning("5 out of the last 5 calls triggered tf.function retracing")
    assert caplog.messages == []
    tf_logging.error("this is an error")
    assert caplog.messages == ["this is an error"]


class FakePlan:
    """A plan whose training leaves finished epochs, and is then interrupted after a step."""

    def __init__(self, epochs: int, step: int) -> None:
        self.run = make_run(Path("checkpoints"), LANGUAGE, "novel")
        self._epochs, self._step = epochs, step

    def train(self, *_: Any) -> None:
        results = [EpochResult(n + 1, 1.0, 1.0, 1.0) for n in range(self._epochs)]
        point = Point(self._step, 1.0, 1.0) if self._step else None
        if results or point:
            write_resume_file(self.run, *results, point=point)
        raise Interrupted


@pytest.mark.parametrize(
    ("epochs", "step", "kept"),
    [
        (0, 0, "before an epoch ended: nothing is kept"),
        (0, 3, "; kept in checkpoints/novel: 3 steps of epoch 1"),
        (1, 0, "; kept in checkpoints/novel: 1 epoch"),
        (2, 3, "; kept in checkpoints/novel: 2 epochs and 3 steps of epoch 3"),
    ],
)
def test_an_interrupt_says_what_is_kept(epochs: int, step: int, kept: str) -> None:
    """Whoever presses Ctrl-C learns what is left, and where."""
    with pytest.raises(KeyboardInterrupt) as stop:
        carry_out(FakePlan(epochs, step), None)  # type: ignore[arg-type]
    assert str(stop.value) == f"training stopped{'' if kept[0] == ';' else ' '}{kept}"


def test_only_one_thread_trains_at_a_time() -> None:
    """A run's seed is the process's, so another thread's run waits; one within a run doesn't."""
    entered = threading.Event()

    def enter() -> None:
        with reserve_process():
            entered.set()

    other = threading.Thread(target=enter)
    with reserve_process(), reserve_process():
        other.start()
        assert not entered.wait(0.1)
    assert entered.wait(10)
    other.join()


def test_a_temporary_folder_is_new_each_time() -> None:
    """Two runs without a name don't meet, and neither is among the runs that are kept."""
    folders = Folders(Path("checkpoints"), Path("data"))
    first, second = (choose_destination(folders, None) for _ in range(2))
    assert len({first.destination, second.destination, folders.checkpoints}) == 3
    assert first.checkpoints == folders.checkpoints
    assert choose_destination(folders, "novel") == folders
