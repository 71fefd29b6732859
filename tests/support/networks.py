"""Small language models with weights from a seed, and types of what makes networks for tests."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.config.language import NetworkConfig
from charrnn.data.byte_vocabulary import ByteVocabulary
from charrnn.data.vocabulary import Vocabulary
from charrnn.runs.checkpoint import Checkpoint, Classifier, Provenance, write_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

CHARACTERS = "\n !abcdefgh"
STEPS = 172
"""Of an epoch that was stopped."""
_REALISTIC = {"embedding": 16, "units": 64}


class MakeCheckpoint(Protocol):
    """Builds an untrained network of any configuration, with weights from a seed."""

    def __call__(
        self,
        characters: str = CHARACTERS,
        *,
        seed: int = 0,
        step: int | None = None,
        **sizes: Any,
    ) -> Checkpoint: ...


class MakeRun(Protocol):
    """Writes a run's folder with one finished epoch; returns the checkpoint's path."""

    def __call__(self, name: str = "tiny", epoch: int = 1, **sizes: Any) -> Path: ...


class MakeRealistic(Protocol):
    """Builds a language model whose weights have the scale of trained ones, from a seed."""

    def __call__(self, seed: int = 0, **sizes: Any) -> Checkpoint: ...


class MakeClassifier(Protocol):
    """Builds a classifier of any configuration, its weights from a seed."""

    def __call__(self, *, seed: int = 0, **fields: Any) -> Classifier: ...


class StockLogits(Protocol):
    """Logits (B, T, V) of a language model for ids (B, T), from Keras's own layers."""

    def __call__(self, checkpoint: Checkpoint, ids: Any) -> npt.NDArray[np.float32]: ...


class StockAnswers(Protocol):
    """Logits (B,) of a classifier for reviews' ids (B, T), from Keras's own layers."""

    def __call__(
        self, classifier: Classifier, ids: Any, file: Path | None = None
    ) -> npt.NDArray[np.float32]: ...


def make_checkpoint(
    characters: str = CHARACTERS, *, seed: int = 0, step: int | None = None, **sizes: Any
) -> Checkpoint:
    """An untrained network of any configuration."""
    config = NetworkConfig(len(characters), **{"embedding": 5, "units": 7} | sizes)
    random = np.random.default_rng(seed)
    weights = {
        name: random.normal(0, 0.4, shape).astype(np.float32)
        for name, shape in config.weight_shapes().items()
    }
    provenance = Provenance("test", "0" * 64, 1, 2.5, 2.25, step, step and STEPS)
    return Checkpoint(config, Vocabulary(characters), provenance, weights)


def make_realistic(seed: int = 0, **sizes: Any) -> Checkpoint:
    """A language model of 64 units, by default, whose weights have the scale of trained ones."""
    characters = "\n" + "".join(map(chr, range(33, 72)))
    return _scale_weights(make_checkpoint(characters, **_REALISTIC | sizes), seed)


def make_reading_bytes(seed: int = 0, **sizes: Any) -> Checkpoint:
    """A language model of bytes, with weights of that scale: it finds no byte rare."""
    made = make_checkpoint("".join(map(chr, range(256))), **_REALISTIC | sizes)
    return replace(_scale_weights(made, seed), vocabulary=ByteVocabulary())


def _scale_weights(checkpoint: Checkpoint, seed: int) -> Checkpoint:
    """The network with weights of the scale of trained ones."""
    random, gain = np.random.default_rng(seed), choose_gain(checkpoint.network.cell)
    weights = {
        name: random.normal(0, gain / np.sqrt(len(old)), old.shape).astype(np.float32)
        for name, old in checkpoint.weights.items()
    }
    return replace(checkpoint, weights=weights)


def choose_gain(cell: str) -> int:
    """Trained gated networks measure about 2; a simple RNN far above 1 is chaotic.

    In a chaotic network rounding alone would tell two right implementations apart.
    """
    return 1 if cell == "rnn" else 2


def write_run(checkpoints: Path, name: str = "tiny", epoch: int = 1, **sizes: Any) -> Path:
    """Write a run's folder with one finished epoch; the checkpoint's path."""
    run = Run(checkpoints / name, LANGUAGE)
    run.folder.mkdir(parents=True, exist_ok=True)
    write_checkpoint(run.epoch_file(epoch), make_checkpoint(**sizes))
    return run.epoch_file(epoch)
