"""One whole file of each kind, and what a user does with such a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charrnn.config.language import NetworkConfig
from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.data.encoders import Encoder
from charrnn.data.subwords import Subwords
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.review_model import ReviewModel
from charrnn.runs.checkpoint import (
    Checkpoint,
    Classifier,
    Provenance,
    WordModel,
    read_checkpoint,
    read_classifier,
    read_word_model,
    write_checkpoint,
)
from charrnn.runs.gradient_rms import read_rms, write_rms
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.resume import read_kind, read_place, read_progress
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.networks import make_checkpoint, make_reading_bytes

PIECE = 20
SOURCE = Provenance("test", "0" * 64, 3, 2.5, 2.25)
SUBWORDS = Subwords([("a", "b"), ("ab", "a")])
CLASSIFIERS: dict[str, tuple[ClassifierConfig, Encoder]] = {
    "classifier": (
        ClassifierConfig(
            vocabulary_size=7, embedding=2, units=(3, 2), bidirectional=True, dense=2, max_length=9
        ),
        kinds.WORDS,
    ),
    "classifier of subwords": (
        ClassifierConfig("subwords", len(SUBWORDS), embedding=2, units=(3,), mask=True),
        SUBWORDS,
    ),
    "classifier of bigrams": (
        ClassifierConfig(vocabulary_size=7, bigrams=9, embedding=2, cell="none", units=()),
        kinds.WORDS,
    ),
}


@dataclass(frozen=True)
class Seed:
    """A whole file, and how it is used.

    Attributes:
        name: what it is.
        content: its bytes.
        path: where a file of its kind has to lie.
        use: reads it, and does with the network what a user would.
    """

    name: str
    content: bytes
    path: Path
    use: Callable[[], object]


def make_seeds(folder: Path) -> list[Seed]:
    """Write a file of each kind into the folder; the seeds."""
    return [
        *(_make_language_model(folder, cell) for cell in ("rnn", "lstm", "gru")),
        _make_language_model(folder, "gru", int8=True),
        _write_language_model(folder, "bytes", make_reading_bytes(units=5, embedding=3)),
        *(_make_classifier(folder, name) for name in CLASSIFIERS),
        _make_word_model(folder),
        *(_make_resume_file(folder, kind) for kind in (LANGUAGE, CLASSIFIER, WORD_MODEL)),
        _make_rms(folder),
    ]


def _make_language_model(folder: Path, cell: str, *, int8: bool = False) -> Seed:
    name = f"{cell}, int8" if int8 else cell
    return _write_language_model(folder, name, make_checkpoint(cell=cell, layers=2), int8=int8)


def _write_language_model(folder: Path, name: str, made: Checkpoint, *, int8: bool = False) -> Seed:
    path = folder / f"{name}.weights.h5"
    write_checkpoint(path, made, int8=int8)

    def use() -> None:
        checkpoint = read_checkpoint(path)
        model = LanguageModel(checkpoint, path=path)
        prompt = checkpoint.vocabulary.symbols[0]
        model.generate(prompt, 3, seed=0)
        model.evaluate(prompt * 5)
        repr(model)

    return Seed(f"language model, {name}", path.read_bytes(), path, use)


def _make_classifier(folder: Path, name: str) -> Seed:
    path = folder / f"{name}.weights.h5"
    config, encoder = CLASSIFIERS[name]
    write_checkpoint(path, Classifier(config, encoder, SOURCE, _make_weights(config)))

    def use() -> None:
        model = ReviewModel(read_classifier(path), path=path)
        model.probabilities(["good film"])
        repr(model)

    return Seed(name, path.read_bytes(), path, use)


def _make_word_model(folder: Path) -> Seed:
    path = folder / "words.weights.h5"
    config = WordModelConfig(len(kinds.WORDS), 2, "lstm", 3)
    write_checkpoint(path, WordModel(config, kinds.WORDS, SOURCE, _make_weights(config)))
    return Seed("word model", path.read_bytes(), path, lambda: read_word_model(path))


def _make_resume_file(folder: Path, kind: Kind) -> Seed:
    run = kinds.make_run(folder, kind, "resumed")
    results = [EpochResult(1, 2.5, 2.25, 10.5), EpochResult(2, 1.75, None, 9.0)]
    path = kinds.write_resume_file(run, *results)

    def use() -> None:
        read_kind(run)
        read_place(run)
        progress = read_progress(run, type(kinds.RECIPES[kind]))
        assert progress.saved
        progress.saved.check_size(progress.recipe.network.parameters)
        progress.saved.take_variables()

    return Seed(f"resume file, {kind.name}", path.read_bytes(), path, use)


def _make_rms(folder: Path) -> Seed:
    checkpoint = make_checkpoint()
    beside = Run(folder, LANGUAGE).epoch_file(1)
    write_rms(beside, checkpoint, PIECE, checkpoint.weights)
    (path,) = folder.glob("*.rms")
    return Seed("gradients", path.read_bytes(), path, lambda: read_rms(beside, checkpoint, PIECE))


def _make_weights(
    config: NetworkConfig | ClassifierConfig | WordModelConfig,
) -> dict[str, "np.typing.NDArray[np.float32]"]:
    random = np.random.default_rng(0)
    shapes = config.weight_shapes()
    return {name: random.normal(size=shapes[name]).astype(np.float32) for name in shapes}
