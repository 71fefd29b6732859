"""What a run is defined by, to and from JSON: one recipe for each kind of run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Generic, Protocol, Self, TypeVar

from charrnn.config.fields import read_mapping
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.reviews import ClassifierConfig, ReviewTraining, WordModelConfig
from charrnn.data.byte_vocabulary import BYTE, AnyVocabulary, ByteVocabulary, parse_vocabulary
from charrnn.data.corpus import split_text
from charrnn.data.encoders import Encoder, parse_encoder
from charrnn.data.encodings import UTF8, find_encoding
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.sources import STDIN, Source
from charrnn.data.vocabulary import Ids
from charrnn.runs.checkpoint import (
    AnyCheckpoint,
    Checkpoint,
    Classifier,
    Provenance,
    Weights,
    WordModel,
)
from charrnn.runs.history import EpochResult
from charrnn.runs.keep import ALL, EVERY, Saving
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.point import Point
from charrnn.runs.saved import Saved
from charrnn.runs.sessions import Session

_LONGEST = 4096  # characters of a path


class Recipe(Protocol):
    """What the training loop and a resume need to know of a run."""

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
        """The recipe again.

        Raises:
            CharrnnError, ValueError, TypeError, KeyError: they are not as `to_values` gives them.
        """

    def make_checkpoint(self, provenance: Provenance, weights: Weights) -> AnyCheckpoint:
        """The network with these weights."""


@dataclass(frozen=True)
class LanguageRecipe:
    """How a character language model is trained.

    Attributes:
        sources: the texts that the corpus consists of; none for one that a Python caller gave.
        corpus: its short name.
        corpus_sha256: of its characters in UTF-8; a resume rejects another text.
        begun_from: the run and epoch, or the file, whose weights it began with; empty for none.
        reading: how the sources were read.
        min_count: how often a character occurs that the network was to know.
    """

    network: NetworkConfig
    training: TrainingConfig
    vocabulary: AnyVocabulary
    sources: tuple[Source, ...]
    corpus: str
    corpus_sha256: str
    begun_from: str = ""
    reading: Reading = AS_USUAL
    min_count: int = 1

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        values = _plain(self, "corpus", "corpus_sha256", "begun_from")
        sources = [[source.name, source.sha256] for source in self.sources]
        text = {"sources": sources, "reading": asdict(self.reading), "min_count": self.min_count}
        return values | text | {"vocabulary": self.vocabulary.to_values()}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The recipe again; errors as in `Recipe`."""
        values = _upgrade(values)
        parts = {
            "network": read_mapping(NetworkConfig, values["network"]),
            "training": read_mapping(TrainingConfig, values["training"]),
            "vocabulary": parse_vocabulary(values["vocabulary"]),
            "sources": _read_sources(values["sources"]),
            "reading": read_mapping(Reading, values["reading"]),
            "min_count": _read_count(values.get("min_count", 1)),
        }
        recipe = cls(**_fill(values, parts))
        recipe.reading.check()
        if len(recipe.vocabulary) != recipe.network.vocabulary_size:
            raise ValueError("vocabulary and network don't fit together")
        return recipe

    def split(self, ids: Ids) -> tuple[Ids, Ids]:
        """The first part of a text's ids, to train on, and the last, to validate on.

        Bytes are split between the same two characters as the characters themselves.
        """
        if isinstance(self.vocabulary, ByteVocabulary):
            return self.vocabulary.split(ids, self.training.validation)
        return split_text(ids, self.training.validation)

    @property
    def piped(self) -> bool:
        """Whether the corpus was standard input, which is gone."""
        return any(source.name == STDIN for source in self.sources)

    def make_checkpoint(self, provenance: Provenance, weights: Weights) -> Checkpoint:
        """The language model with these weights."""
        provenance = replace(provenance, per_byte=self.vocabulary.unit == BYTE)
        return Checkpoint(self.network, self.vocabulary, provenance, weights)


@dataclass(frozen=True)
class ReviewRecipe:
    """How a review classifier is trained.

    Attributes:
        preset: the row it began from.
        changes: how it differs from its row, in the words of whoever asked.
        sources: the absolute paths of the user's own reviews; none for IMDB's.
        corpus: the reviews' short name.
        corpus_sha256: of the reviews' bytes; a resume rejects others.
        embedding_from: where the embedding was taken from; empty for nowhere.
        text_column: which column of a table holds the reviews; empty for the usual one.
        label_column: which column of a table holds the labels; empty for the usual one.
        encoding: of the user's own reviews.
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
    text_column: str = ""
    label_column: str = ""
    encoding: str = UTF8

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        more = ("preset", "changes", "embedding_from")
        return _review_values(self) | {name: getattr(self, name) for name in more}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The recipe again; errors as in `Recipe`."""
        return cls(**_review_parts(ClassifierConfig, values))

    def make_checkpoint(self, provenance: Provenance, weights: Weights) -> Classifier:
        """The classifier with these weights."""
        return Classifier(self.network, self.encoder, provenance, weights)


@dataclass(frozen=True)
class WordRecipe:
    """How a word model is trained.

    Attributes:
        sources: the absolute paths of the user's own reviews; none for IMDB's.
        corpus: the reviews' short name.
        corpus_sha256: of the reviews' bytes; a resume rejects others.
        text_column: which column of a table holds the reviews; empty for the usual one.
        label_column: which column of a table holds the labels; empty for the usual one.
        encoding: of the user's own reviews.
    """

    network: WordModelConfig
    training: ReviewTraining
    encoder: Encoder
    sources: tuple[str, ...]
    corpus: str
    corpus_sha256: str
    text_column: str = ""
    label_column: str = ""
    encoding: str = UTF8

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        return _review_values(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The recipe again; errors as in `Recipe`."""
        return cls(**_review_parts(WordModelConfig, values))

    def make_checkpoint(self, provenance: Provenance, weights: Weights) -> WordModel:
        """The word model with these weights."""
        return WordModel(self.network, self.encoder, provenance, weights)


RECIPES: dict[Kind, type[Recipe]] = {
    LANGUAGE: LanguageRecipe,
    CLASSIFIER: ReviewRecipe,
    WORD_MODEL: WordRecipe,
}
"""What a run of each kind is defined by."""

AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


@dataclass(frozen=True)
class Progress(Generic[AnyRecipe]):
    """How far a run has come.

    Attributes:
        recipe: what it is defined by.
        results: of the epochs that have ended; none for a new run.
        saved: the resume file that says so; None for a new run.
        sessions: how it came this far; none if that was not noted.
        keep: which checkpoints it keeps, see `charrnn.runs.keep`.
        checkpoint_every: minutes of an epoch after which it is saved; 0 for never.
        point: where it was saved in the middle of the epoch after these; None for its beginning.
    """

    recipe: AnyRecipe
    results: Sequence[EpochResult]
    saved: Saved | None = field(default=None, compare=False, repr=False)
    sessions: Sequence[Session] = ()
    keep: str = ALL
    checkpoint_every: float = EVERY
    point: Point | None = None

    def change_saving(self, saving: Saving) -> "Progress[AnyRecipe]":
        """The same, saved otherwise."""
        return replace(
            self,
            keep=self.keep if saving.keep is None else saving.keep,
            checkpoint_every=self.checkpoint_every
            if saving.checkpoint_every is None
            else saving.checkpoint_every,
        )


def _plain(recipe: LanguageRecipe | ReviewRecipe | WordRecipe, *names: str) -> dict[str, Any]:
    configurations = {
        "network": asdict(recipe.network),
        "training": asdict(recipe.training),
    }
    return configurations | {name: getattr(recipe, name) for name in names}


def _review_values(recipe: ReviewRecipe | WordRecipe) -> dict[str, Any]:
    values = _plain(recipe, "sources", "corpus", "corpus_sha256")
    columns = {name: getattr(recipe, name) for name in ("text_column", "label_column")}
    chosen = {name: column for name, column in columns.items() if column}
    chosen |= {} if recipe.encoding == UTF8 else {"encoding": recipe.encoding}
    return values | chosen | {"encoder": recipe.encoder.to_values()}


def _review_parts(
    kind: type[ClassifierConfig] | type[WordModelConfig], values: Mapping[str, Any]
) -> dict[str, Any]:
    network, sources = read_mapping(kind, values["network"]), values["sources"]
    if not isinstance(sources, list) or not all(map(_is_short, sources)):
        raise ValueError("the sources are not a list of paths")
    parts = {
        "network": network,
        "training": read_mapping(ReviewTraining, values["training"]),
        "encoder": parse_encoder(network.tokens, values["encoder"]),
        "sources": tuple(sources),
    }
    filled = _fill(values, parts)
    find_encoding(filled.get("encoding", UTF8))
    return filled


def _upgrade(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values as they are written now; a corpus used to have one source."""
    if "source" not in values:
        return values
    rest = {name: values[name] for name in values if name not in {"source", "encoding"}}
    sources = [[values["source"], values["corpus_sha256"]]] if values["source"] else []
    return rest | {"sources": sources, "reading": {"encoding": values.get("encoding", UTF8)}}


def _read_count(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("min_count is not a number above 0")
    return value


def _read_sources(values: Any) -> tuple[Source, ...]:
    if not all(isinstance(pair, list) and all(map(_is_short, pair)) for pair in values):
        raise ValueError("the sources are not pairs of a path and a hash")
    return tuple(Source(name, sha256) for name, sha256 in values)


def _fill(values: Mapping[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """The parts, and all other values, which are strings."""
    rest = {name: value for name, value in values.items() if name not in parts}
    for name, value in rest.items():
        if not _is_short(value):
            raise ValueError(f"{name} is no short string")
    return rest | parts


def _is_short(value: object) -> bool:
    """Whether a value is a string that can be a path's or a name's."""
    return isinstance(value, str) and len(value) <= _LONGEST
