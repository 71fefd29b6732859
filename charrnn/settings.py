"""Everything that a training is defined by: of characters, of reviews, of reviews' words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from charrnn import checkpoint
from charrnn.checkpoint import Checkpoint, Classifier, Provenance, Weights, WordModel
from charrnn.classifiers import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.config import NetworkConfig, TrainingConfig, read_mapping
from charrnn.data.encoders import Encoder, load_encoder
from charrnn.data.vocabulary import Vocabulary
from charrnn.history import EpochResult


class Settings(Protocol):
    """What the training loop and a resume need to know of a training."""

    @property
    def network(self) -> NetworkConfig | ClassifierConfig | WordModelConfig:
        """The network."""

    @property
    def training(self) -> TrainingConfig | ReviewTraining:
        """How it learns."""

    @property
    def corpus(self) -> str:
        """The short name of what it learns from."""

    @property
    def corpus_sha256(self) -> str:
        """Of the bytes it learns from."""

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold, enough for `from_values`."""

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The settings again.

        Raises:
            CharrnnError, ValueError, TypeError, KeyError: they are not as `to_values` gives them.
        """

    def write_checkpoint(self, path: Path, provenance: Provenance, weights: Weights) -> None:
        """Write the network with its weights, whole or not at all."""


@dataclass(frozen=True)
class LanguageSettings:
    """A character language model's training.

    Attributes:
        source: the corpus as the user gave it: a name, an absolute path or `-`.
        corpus: its short name.
        corpus_sha256: of its bytes; a resume refuses another text.
        begun_from: the run and epoch, or the file, whose weights it began with; empty for none.
    """

    network: NetworkConfig
    training: TrainingConfig
    vocabulary: Vocabulary
    source: str
    corpus: str
    corpus_sha256: str
    begun_from: str = ""

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        values = _plain(self, "source", "corpus", "corpus_sha256", "begun_from")
        return values | {"vocabulary": self.vocabulary.characters}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The settings again; errors as in `Settings`."""
        parts = {
            "network": read_mapping(NetworkConfig, values["network"]),
            "training": read_mapping(TrainingConfig, values["training"]),
            "vocabulary": Vocabulary(values["vocabulary"]),
        }
        return cls(**{**values, **parts})

    def write_checkpoint(self, path: Path, provenance: Provenance, weights: Weights) -> None:
        """Write a language model's checkpoint."""
        checkpoint.write(path, Checkpoint(self.network, self.vocabulary, provenance, weights))


@dataclass(frozen=True)
class ReviewSettings:
    """A review classifier's training.

    Attributes:
        preset: the row it began from.
        changes: the flags that make it differ from its row, as they are typed.
        sources: the absolute paths of the user's own reviews; none for IMDB's.
        corpus: the reviews' short name.
        corpus_sha256: of the reviews' bytes; a resume refuses others.
        embedding_from: where the embedding was taken from; empty for nowhere.
    """

    network: ClassifierConfig
    training: ReviewTraining
    encoder: Encoder
    preset: str
    changes: str
    sources: tuple[str, ...]
    corpus: str
    corpus_sha256: str
    embedding_from: str = ""

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        more = ("preset", "changes", "embedding_from")
        return _review_values(self) | {name: getattr(self, name) for name in more}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The settings again; errors as in `Settings`."""
        return cls(**_review_parts(ClassifierConfig, values))

    def write_checkpoint(self, path: Path, provenance: Provenance, weights: Weights) -> None:
        """Write a classifier."""
        classifier = Classifier(self.network, self.encoder, provenance, weights)
        checkpoint.write_classifier(path, classifier)


@dataclass(frozen=True)
class WordSettings:
    """A word model's training.

    Attributes:
        sources: the absolute paths of the user's own reviews; none for IMDB's.
        corpus: the reviews' short name.
        corpus_sha256: of the reviews' bytes; a resume refuses others.
    """

    network: WordModelConfig
    training: ReviewTraining
    encoder: Encoder
    sources: tuple[str, ...]
    corpus: str
    corpus_sha256: str

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        return _review_values(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The settings again; errors as in `Settings`."""
        return cls(**_review_parts(WordModelConfig, values))

    def write_checkpoint(self, path: Path, provenance: Provenance, weights: Weights) -> None:
        """Write a word model."""
        model = WordModel(self.network, self.encoder, provenance, weights)
        checkpoint.write_word_model(path, model)


AnySettings = TypeVar("AnySettings", bound=Settings)


@dataclass(frozen=True)
class Finished(Generic[AnySettings]):
    """A training as it stood when its last finished epoch ended."""

    settings: AnySettings
    results: Sequence[EpochResult]


def _plain(
    settings: LanguageSettings | ReviewSettings | WordSettings, *names: str
) -> dict[str, Any]:
    configurations = {
        "network": asdict(settings.network),
        "training": asdict(settings.training),
    }
    return configurations | {name: getattr(settings, name) for name in names}


def _review_values(settings: ReviewSettings | WordSettings) -> dict[str, Any]:
    values = _plain(settings, "sources", "corpus", "corpus_sha256")
    return values | {"encoder": settings.encoder.to_json()}


def _review_parts(
    kind: type[ClassifierConfig] | type[WordModelConfig], values: Mapping[str, Any]
) -> dict[str, Any]:
    network = read_mapping(kind, values["network"])
    return {
        **values,
        "network": network,
        "training": read_mapping(ReviewTraining, values["training"]),
        "encoder": load_encoder(network.tokens, values["encoder"]),
        "sources": tuple(values["sources"]),
    }
