"""What a finished classifier is worth, in its run's folder as `result.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from charrnn.config import from_mapping
from charrnn.errors import CharrnnError, RunError
from charrnn.files import write_atomically
from charrnn.history import EpochResult, best_of
from charrnn.runs import Run, runs
from charrnn.settings import ReviewSettings

_FILE = "result.json"


@dataclass(frozen=True)
class Outcome:
    """A finished training of a review classifier.

    Losses are in nats per review, times in seconds. The best epoch is the one with the lowest
    validation loss; the articles measured after the last one. `seconds` is the whole training with
    its preparations; of one that was broken off, it is what its epochs took.
    """

    run: str
    preset: str
    changes: str
    parameters: int
    epochs: int
    best_epoch: int
    seconds_per_epoch: float
    seconds: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float
    last_test_loss: float
    last_test_accuracy: float
    seed: int
    reviews: str


def outcome(
    run: Run,
    settings: ReviewSettings,
    results: Sequence[EpochResult],
    test: tuple[float, float],
    last_test: tuple[float, float],
    seconds: float,
) -> Outcome:
    """Sum a training up.

    Args:
        run: its folder.
        settings: its settings.
        results: of all its epochs.
        test: loss and accuracy of the best epoch on the test reviews.
        last_test: the same of the last epoch.
        seconds: what it all took.
    """
    best = best_of(results)
    return Outcome(
        run=run.name,
        preset=settings.preset,
        changes=settings.changes,
        parameters=settings.network.parameters,
        epochs=len(results),
        best_epoch=best.epoch,
        seconds_per_epoch=median(result.seconds for result in results),
        seconds=seconds,
        validation_loss=best.loss,
        validation_accuracy=best.validation_accuracy or 0.0,
        test_loss=test[0],
        test_accuracy=test[1],
        last_test_loss=last_test[0],
        last_test_accuracy=last_test[1],
        seed=settings.training.seed,
        reviews=settings.corpus,
    )


def write(run: Run, result: Outcome) -> None:
    """Write `result` into the run's folder, whole or not at all."""
    content = json.dumps(asdict(result), indent=1) + "\n"
    write_atomically(run.folder / _FILE, content.encode())


def read(run: Run) -> Outcome | None:
    """The run's outcome; None while it is not finished, or once it was trained on.

    Raises:
        RunError: the file is not as `write` writes it.
    """
    path = run.folder / _FILE
    try:
        outcome = from_mapping(Outcome, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (CharrnnError, ValueError, TypeError, AttributeError):
        raise RunError(f"{path} is damaged: remove it and give the training again") from None
    if outcome.epochs != len(run.history()):
        return None
    return replace(outcome, run=run.name)  # its folder may have been renamed


def finished(folder: Path) -> list[Outcome]:
    """The outcomes of all finished runs in a folder, the one finished last first."""
    found = (read(run) for run in runs(folder))
    return [result for result in found if result is not None]
