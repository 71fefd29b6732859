"""Labelled reviews, of words' ranks or of text, in the order in which Keras gives its own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.data import layout, pickles
from charrnn.data.download import Remote
from charrnn.data.vocabulary import Ids
from charrnn.errors import ReviewsError

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

IMDB_NPZ = Remote(
    name="imdb.npz",
    url=f"{_KERAS}/imdb.npz",
    sha256="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    size=17_464_789,
)
IMDB_WORD_INDEX = Remote(
    name="imdb_word_index.json",
    url=f"{_KERAS}/imdb_word_index.json",
    sha256="027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    size=1_641_221,
)
IMDB_TEXT = Remote(
    name="aclImdb_v1.tar.gz",
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
    size=84_125_825,
)

_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_SEED = 113  # Keras's, as is the old generator

Review = TypeVar("Review", Ids, str)


@dataclass(frozen=True)
class Labelled(Generic[Review]):
    """Reviews and what each says.

    Attributes:
        reviews: N of them, some perhaps empty.
        labels: 1 for a positive review, 0 for a negative one, shape (N,).
    """

    reviews: Sequence[Review]
    labels: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.reviews)


@dataclass(frozen=True)
class ReviewSet(Generic[Review]):
    """Reviews to train with and reviews to test with.

    Attributes:
        name: short name.
        source: the absolute path that they were read from.
        sha256: of the file's bytes, or of a folder's reviews with their paths.
        train: in the order of `keras.datasets.imdb.load_data`.
        test: the same.
    """

    name: str
    source: str
    sha256: str
    train: Labelled[Review]
    test: Labelled[Review]


class RankReviews(ReviewSet[Ids]):
    """Reviews as ranks of their words, 1 for the most frequent; `words.word_ids` gives ids."""


class TextReviews(ReviewSet[str]):
    """Reviews as they were written."""


def load(path: Path) -> RankReviews | TextReviews:
    """Read reviews of ranks from an `.npz`, or of text from a folder or a tar archive.

    Raises:
        ReviewsError: there is nothing of the kind, or not what it should be.
    """
    if path.is_dir() or path.name.endswith(_ARCHIVES):
        return load_text(path)
    if path.suffix == ".npz":
        return load_npz(path)
    problem = "can't be read as reviews" if path.exists() else "does not exist"
    raise ReviewsError(
        f"{path} {problem}: give Keras's imdb.npz, or a folder or {' or '.join(_ARCHIVES)} archive "
        f"with {layout.PATTERN}"
    )


def load_npz(path: Path) -> RankReviews:
    """Read the ranks of a file like Keras's imdb.npz.

    Raises:
        ReviewsError: the file is missing, damaged, hostile, or without usable reviews.
    """
    order = np.random.RandomState(_SEED)
    parts: list[Labelled[Ids]] = []
    for part in layout.PARTS:
        ranks = pickles.read_ragged(path, f"x_{part}")
        labels = pickles.read_integers(path, f"y_{part}")
        parts.append(_labelled(f"{path} ({part})", ranks, labels, order))
    return RankReviews(path.stem, str(path.resolve()), _file_hash(path), *parts)


def load_text(path: Path) -> TextReviews:
    """Read the texts of a folder or tar archive laid out as aclImdb, without unpacking it.

    Raises:
        ReviewsError: it can't be read, has another layout, or a review is not UTF-8.
    """
    contents = layout.contents(path)
    order = np.random.RandomState(_SEED)
    parts: list[Labelled[str]] = []
    for part in layout.PARTS:
        names = [name for name in contents if name.startswith(f"{part}/")]
        texts = [_decode(path, name, contents[name]) for name in names]
        labels = np.array([layout.LABELS.index(name.split("/")[1]) for name in names])
        parts.append(_labelled(f"{path} ({part})", texts, labels, order))
    digest = _folder_hash(contents) if path.is_dir() else _file_hash(path)
    return TextReviews(_name(path), str(path.resolve()), digest, *parts)


def _labelled(
    shown: str,
    reviews: Sequence[Review],
    labels: npt.NDArray[np.integer],
    order: np.random.RandomState,
) -> Labelled[Review]:
    """The reviews in their next order, once they have proved to be usable."""
    if len(reviews) != len(labels):
        raise ReviewsError(f"{shown} has {len(reviews):,} reviews but {len(labels):,} labels")
    if not np.isin(labels, (0, 1)).all():
        raise ReviewsError(f"{shown} has labels other than 0, negative, and 1, positive")
    for label, word in enumerate(("negative", "positive")):
        if label not in labels:
            raise ReviewsError(f"{shown} has no {word} reviews: give reviews of both kinds")
    places = np.arange(len(reviews))
    order.shuffle(places)
    return Labelled([reviews[place] for place in places.tolist()], labels[places].astype(np.int8))


def _decode(path: Path, name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ReviewsError(
            f"{name} in {path} is not UTF-8 text (byte {error.start:,} is "
            f"0x{content[error.start]:02x}): convert it first, for example with iconv"
        ) from None


def _name(path: Path) -> str:
    name = path.resolve().name
    for ending in _ARCHIVES:
        name = name.removesuffix(ending)
    return name


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_hash(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
