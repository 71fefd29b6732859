"""What a finished classifier is worth, in its run's folder as `result.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from charrnn.config.fields import from_mapping
from charrnn.data.json_files import read_json
from charrnn.errors import CharrnnError, RunError
from charrnn.runs.atomic import write_atomically
from charrnn.runs.catalogue import list_runs
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.recipe import ReviewRecipe
from charrnn.runs.run import Run

_FILE = "result.json"
_MOST = 2**16  # bytes


@dataclass(frozen=True)
class Outcome:
    """What came of a finished classifier's run.

    Losses are in nats per review, times in seconds. The best epoch is the one with the lowest
    validation loss; the articles measured after the last one. `seconds` is the whole run with its
    preparations; for one that was interrupted, only what its epochs took.
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


def summarize_run(
    run: Run,
    recipe: ReviewRecipe,
    results: Sequence[EpochResult],
    best: int,
    test: tuple[float, float],
    last_test: tuple[float, float],
    seconds: float,
) -> Outcome:
    """Sum up a finished run.

    Args:
        run: its folder.
        recipe: what it was defined by.
        results: of all its epochs.
        best: the best epoch of those that it keeps.
        test: loss and accuracy of the best epoch on the test reviews.
        last_test: the same of the last epoch.
        seconds: what it all took.
    """
    (result,) = (one for one in results if one.epoch == best)
    return Outcome(
        run=run.name,
        preset=recipe.preset,
        changes=recipe.changes,
        parameters=recipe.network.parameters,
        epochs=len(results),
        best_epoch=best,
        seconds_per_epoch=median(one.seconds for one in results),
        seconds=seconds,
        validation_loss=result.loss,
        validation_accuracy=result.validation_accuracy or 0.0,
        test_loss=test[0],
        test_accuracy=test[1],
        last_test_loss=last_test[0],
        last_test_accuracy=last_test[1],
        seed=recipe.training.seed,
        reviews=recipe.corpus,
    )


def write_outcome(run: Run, outcome: Outcome) -> None:
    """Write `outcome` into the run's folder, whole or not at all."""
    content = json.dumps(asdict(outcome), indent=1) + "\n"
    write_atomically(run.folder / _FILE, content.encode())


def read_outcome(run: Run) -> Outcome | None:
    """The run's outcome; None until it is finished, and after it was trained further.

    Raises:
        RunError: the file is not as `write_outcome` writes it.
    """
    path = run.folder / _FILE
    try:
        outcome = from_mapping(Outcome, read_json(path, _MOST))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror}; remove it and train again") from error
    except (CharrnnError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"{path} is damaged: remove it and train again") from error
    if outcome.epochs != len(run.read_history()):
        return None
    return replace(outcome, run=run.name)  # its folder may have been renamed


def list_outcomes(checkpoints: Path) -> list[Outcome]:
    """The outcomes of all finished classifiers, the one written to last first."""
    outcomes = (read_outcome(run) for run in list_runs(checkpoints, CLASSIFIER))
    return [outcome for outcome in outcomes if outcome is not None]
