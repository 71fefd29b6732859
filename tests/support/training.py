"""Small language models' runs, and a listener that records."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from charrnn.config.fields import select_fields
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.runs.checkpoint import Checkpoint, Weights, read_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.point import Point
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run


@dataclass
class Recording:
    """A listener that records what it is called with."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    results: list[EpochResult] = field(default_factory=list)
    epoch: int = 0
    point: Point | None = None

    def on_epoch_begin(self, epoch: int, point: Point | None = None) -> None:
        self.epoch, self.point = epoch, point
        self.events.append(("begin", epoch))

    def on_step(self, step: int, loss: float) -> None:
        self.events.append(("step", step, loss))

    def on_validation(self) -> None:
        self.events.append(("validation",))

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        self.results.append(result)
        self.events.append(("end", result.epoch, best))

    def is_at(self, epoch: int, *event: Any) -> bool:
        """Whether the last event began with `event`, in that epoch."""
        return self.epoch == epoch and self.events[-1][: len(event)] == event


@dataclass
class SmallRun:
    """A run that can be started and resumed."""

    run: Run
    recipe: LanguageRecipe
    ids: Ids
    recording: Recording = field(default_factory=Recording)

    def start(
        self,
        interrupted: Callable[[], bool] = lambda: False,
        borrowed: Weights | None = None,
        keep: str = "all",
        checkpoint_every: float = 10.0,
    ) -> None:
        progress = Progress(self.recipe, [], keep=keep, checkpoint_every=checkpoint_every)
        self._train(progress, interrupted, borrowed)

    def resume(self, interrupted: Callable[[], bool] = lambda: False, **changes: Any) -> None:
        progress = read_progress(self.run, LanguageRecipe)
        training = replace(progress.recipe.training, **changes)
        recipe = replace(progress.recipe, training=training)
        self._train(replace(progress, recipe=recipe), interrupted, None)

    def checkpoint(self, epoch: int) -> Checkpoint:
        return read_checkpoint(self.run.epoch_file(epoch))

    def _train(
        self,
        progress: Progress[LanguageRecipe],
        interrupted: Callable[[], bool],
        borrowed: Weights | None,
    ) -> None:
        from charrnn.training.language import Work, train
        from charrnn.training.language_batches import count_steps

        steps = count_steps(progress.recipe.split(self.ids), progress.recipe.training)
        train(self.run, Work(progress, self.ids, steps, borrowed), self.recording, interrupted)


class MakeTraining(Protocol):
    """Prepares a run in a folder of its own; names of settings are those of the configurations."""

    def __call__(self, *, text: str = ..., vocabulary: str = "", **values: Any) -> SmallRun: ...


def prepare_run(folder: Path, text: str, vocabulary: str, values: dict[str, Any]) -> SmallRun:
    """A run of a tiny network on a text; its characters are the vocabulary unless one is given."""
    characters = Vocabulary(vocabulary) if vocabulary else Vocabulary.of(text)
    sizes: dict[str, Any] = {"cell": "rnn", "embedding": 3, "units": 5}
    sizes |= select_fields(NetworkConfig, values)
    plan: dict[str, Any] = {"seq_length": 10, "batch_size": 4, "epochs": 2, "learning_rate": 0.01}
    rest = {name: value for name, value in values.items() if name not in sizes}
    recipe = LanguageRecipe(
        NetworkConfig(len(characters), **sizes),
        TrainingConfig(**plan | rest),
        characters,
        sources=(),
        corpus="test",
        corpus_sha256="0" * 64,
    )
    return SmallRun(Run(folder, LANGUAGE), recipe, characters.encode(text))


def list_weights(small: SmallRun, epoch: int) -> list[Any]:
    """The weights of an epoch's checkpoint, in Keras's order."""
    return list(small.checkpoint(epoch).weights.values())


def assert_usable(small: SmallRun) -> None:
    """Every checkpoint that is kept has finite weights and a finite loss."""
    for epoch in small.run.list_epochs():
        kept = small.checkpoint(epoch)
        assert kept.provenance.train_loss is not None
        assert np.isfinite(kept.provenance.train_loss)
        assert all(np.isfinite(values).all() for values in kept.weights.values())
