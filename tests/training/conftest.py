"""Small trainings: a few hundred characters, a handful of units, a second or two each."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from charrnn.runs import resume
from charrnn.runs.checkpoint import Checkpoint, Weights, read_checkpoint
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.runs.history import EpochResult
from charrnn.runs.run import Run
from charrnn.runs.recipe import Progress, LanguageRecipe
from charrnn.training.train import train


@dataclass
class Told:
    """A listener that keeps what it is told."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    results: list[EpochResult] = field(default_factory=list)
    epoch: int = 0

    def on_epoch_begin(self, epoch: int) -> None:
        self.epoch = epoch
        self.events.append(("begin", epoch))

    def on_step(self, step: int, loss: float) -> None:
        self.events.append(("step", step, loss))

    def on_validation(self) -> None:
        self.events.append(("validation",))

    def on_epoch_end(self, result: EpochResult, best: bool) -> None:
        self.results.append(result)
        self.events.append(("end", result.epoch, best))

    def at(self, epoch: int, *event: Any) -> bool:
        """Whether the last thing told began with `event`, in that epoch."""
        return self.epoch == epoch and self.events[-1][: len(event)] == event


@pytest.fixture(scope="session")
def listener() -> type[Told]:
    """Makes listeners that keep what they are told."""
    return Told


@dataclass
class Training:
    """A training that can be started and gone on with."""

    run: Run
    settings: LanguageRecipe
    ids: Ids
    told: Told = field(default_factory=Told)

    def start(
        self, interrupted: Callable[[], bool] = lambda: False, borrowed: Weights | None = None
    ) -> None:
        train(self.run, Progress(self.settings, []), self.ids, self.told, interrupted, borrowed)

    def go_on(self, interrupted: Callable[[], bool] = lambda: False, **changes: Any) -> None:
        finished = read_progress(self.run, LanguageRecipe)
        training = replace(progress.recipe.training, **changes)
        finished = replace(finished, settings=replace(progress.recipe, training=training))
        train(self.run, finished, self.ids, self.told, interrupted)

    def checkpoint(self, epoch: int) -> Checkpoint:
        return read(self.run.epoch_file(epoch))


def _prepared(folder: Path, text: str, vocabulary: str, values: dict[str, Any]) -> Training:
    characters = Vocabulary(vocabulary) if vocabulary else Vocabulary.of(text)
    sizes: dict[str, Any] = {"cell": "rnn", "embedding": 3, "units": 5}
    names = (*sizes, "layers", "dropout", "weight_drop", "embedding_dropout")
    sizes |= {key: values.pop(key) for key in names if key in values}
    plan = {"seq_length": 10, "batch_size": 4, "epochs": 2, "learning_rate": 0.01} | values
    settings = LanguageRecipe(
        NetworkConfig(len(characters), **sizes),
        TrainingConfig(**plan),
        characters,
        source="test.txt",
        corpus="test",
        corpus_sha256="0" * 64,
    )
    return Training(Run(folder), settings, characters.encode(text))


@pytest.fixture(scope="session")
def make_training(
    tmp_path_factory: pytest.TempPathFactory, real_text: str
) -> Callable[..., Training]:
    """Prepares a training in a folder of its own; names of settings are those of the configs."""

    def make(*, text: str = real_text[:600], vocabulary: str = "", **values: Any) -> Training:
        folder = tmp_path_factory.mktemp("checkpoints") / "run"
        return _prepared(folder, text, vocabulary, values)

    return make


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The Keras models that trainings have made, oldest first."""
    made: list[Any] = []
    import charrnn.training.train as module

    compiled = module.compiled

    def kept(progress: Progress[LanguageRecipe]) -> Any:
        made.append(compiled(finished))
        return made[-1]

    monkeypatch.setattr(module, "compiled", kept)
    return made
