"""Language models' runs in ./checkpoints: several epochs, and what they were trained on."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from charrnn.config.language import TrainingConfig
from charrnn.data.sources import Source
from charrnn.runs.checkpoint import write_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support.networks import make_checkpoint

LEARNT = "a bad cab!\nhe had a deaf beach\n" * 20
"""What the runs of `write_trained` learned from: 620 characters."""

HELD_BACK = "feed a hag\na cafe\n" * 10 + "bead a face\nhead ache ahead"
"""What they held back for validation: 207 characters."""

FRACTION = 1 - (len(LEARNT) + 0.5) / (len(LEARNT) + len(HELD_BACK))


def find_run(name: str) -> Run:
    """The language model's run of that name in the usual folder."""
    return Run(Path("checkpoints") / name, LANGUAGE)


def write_epoch(name: str, epoch: int, *, step: int | None = None, **sizes: Any) -> Path:
    """Write the checkpoint of an epoch, with weights that are the epoch's own; its path."""
    made = make_checkpoint(seed=epoch, step=step, **sizes)
    provenance = dataclasses.replace(made.provenance, epoch=epoch)
    run = find_run(name)
    run.folder.mkdir(parents=True, exist_ok=True)
    path = run.interrupted_file if step else run.epoch_file(epoch)
    write_checkpoint(path, dataclasses.replace(made, provenance=provenance))
    return path


def write_trained(
    name: str = "tiny",
    *,
    epoch: int = 1,
    validation: float = FRACTION,
    source: str | None = None,
    **sizes: Any,
) -> Path:
    """Write an epoch of a run that was trained on ./novel.txt; its path.

    Args:
        name: the run's.
        epoch: which epoch.
        validation: the fraction of the text that was held back.
        source: where the run says that its text came from; None for the file that it is in.
        **sizes: fields of `NetworkConfig`.
    """
    novel = Path("novel.txt").resolve()
    novel.write_text(LEARNT + HELD_BACK, encoding="utf-8")
    made = make_checkpoint(seed=epoch, **sizes)
    digest = hashlib.sha256(novel.read_bytes()).hexdigest()
    provenance = dataclasses.replace(made.provenance, corpus_sha256=digest, epoch=epoch)
    run = find_run(name)
    run.folder.mkdir(parents=True, exist_ok=True)
    write_checkpoint(run.epoch_file(epoch), dataclasses.replace(made, provenance=provenance))
    training = TrainingConfig(validation=validation)
    place = str(novel) if source is None else source
    sources = (Source(place, digest),) if place else ()
    recipe = LanguageRecipe(made.network, training, made.vocabulary, sources, "novel", digest)
    write_progress(run, Progress(recipe, []), [])
    return run.epoch_file(epoch)


def read_text(result: Result) -> str:
    """What a command that succeeded wrote to stdout, exactly."""
    assert result.exit_code == 0, result.output
    return result.stdout_bytes.decode()


def read_rows(result: Result) -> list[dict[str, Any]]:
    """The objects that a command that succeeded printed with --json."""
    if result.exit_code:
        pytest.fail(result.output)
    return [json.loads(line) for line in result.stdout.splitlines()]
