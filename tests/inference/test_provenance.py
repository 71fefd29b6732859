"""A checkpoint's origin in words, and its run's history."""

from dataclasses import replace
from pathlib import Path

import pytest

from charrnn.inference.provenance import describe_provenance, read_history_beside
from charrnn.runs.checkpoint import Provenance
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

SOURCE = Provenance("shakespeare", "0" * 64, 4, 1.31219, 1.49356)
RESULTS = [EpochResult(1, 2.0, 2.5, 9.0), EpochResult(2, 1.5, None, 8.0)]


def test_an_origin_in_words() -> None:
    """Corpus, epoch and the loss that epochs are ranked by, to four decimals."""
    assert describe_provenance(SOURCE) == "trained on shakespeare, epoch 4, validation loss 1.4936"
    without = replace(SOURCE, validation_loss=None)
    assert describe_provenance(without) == "trained on shakespeare, epoch 4, training loss 1.3122"
    interrupted = replace(SOURCE, step=40, steps=172)
    assert describe_provenance(interrupted) == describe_provenance(SOURCE).replace(
        "epoch", "stopped at step 40 of 172 of epoch"
    )


@pytest.mark.parametrize(
    ("loss", "words"), [(float("nan"), "nan"), (float("inf"), "inf"), (2.5e37, "2.5e+37")]
)
def test_a_loss_of_any_size_is_short(loss: float, words: str) -> None:
    """A loss that exploded takes no more room than any other."""
    assert describe_provenance(replace(SOURCE, validation_loss=loss)).endswith(f"loss {words}")


def test_a_run_s_file_has_the_run_s_history(tmp_path: Path) -> None:
    """The epochs in history.csv beside a checkpoint are its run's."""
    Run(tmp_path, LANGUAGE).write_history(RESULTS)
    assert read_history_beside(tmp_path / "epoch-0001.weights.h5", LANGUAGE) == RESULTS
    assert read_history_beside(Path("epoch-0001.weights.h5"), LANGUAGE) == RESULTS


@pytest.mark.parametrize("content", [b"what,ever\n1,2\n", b"\xff\xfe", b"epoch,train_loss\nx,y\n"])
def test_a_damaged_history_counts_as_none(tmp_path: Path, content: bytes) -> None:
    """A history that can't be read keeps nobody from using the network."""
    Run(tmp_path, LANGUAGE).history_file.write_bytes(content)
    assert read_history_beside(tmp_path / "epoch-0001.weights.h5", LANGUAGE) == []


def test_without_a_history_there_are_no_epochs(tmp_path: Path) -> None:
    """A lone file has no history, and neither has one beside a folder of that name."""
    assert read_history_beside(tmp_path / "lone.weights.h5", LANGUAGE) == []
    Run(tmp_path, LANGUAGE).history_file.mkdir()
    assert read_history_beside(tmp_path / "lone.weights.h5", LANGUAGE) == []
