"""Labelled reviews, as ranks of words or as text, in the order in which Keras gives its own."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from charrnn.data import layout, pickles, tables
from charrnn.data.decoding import read_text
from charrnn.data.encodings import UTF8
from charrnn.data.files import hash_file, spell_plainly
from charrnn.data.rows import ENDINGS, SHOWN_ENDINGS
from charrnn.data.vocabulary import Ids
from charrnn.data.words import OFFSET, START
from charrnn.errors import ReviewsError, UsageError, say_count

_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_SEED = 113  # Keras's, and so is the old kind of generator

Review = TypeVar("Review", Ids, str)


@dataclass(frozen=True)
class Labelled(Generic[Review]):
    """Reviews and the opinion of each.

    Attributes:
        reviews: N of them, which may be empty.
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
        train: to train with, in the order of `keras.datasets.imdb.load_data`.
        test: to test with, in the same order.
        left_out: how many files beside the reviews were not read, in folders like train/neutral.
    """

    name: str
    source: str
    sha256: str
    train: Labelled[Review]
    test: Labelled[Review]
    left_out: Mapping[str, int] = field(default_factory=dict)


class RankReviews(ReviewSet[Ids]):
    """Reviews as ranks of their words, 1 for the most frequent; `words.convert_ranks` gives ids."""


class TextReviews(ReviewSet[str]):
    """Reviews as text."""


def load_reviews(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = UTF8,
) -> RankReviews | TextReviews:
    """Read reviews from a file or folder of any kind.

    Args:
        path: an `.npz` of ranks, a table of texts in a `.csv`, `.tsv` or `.jsonl` file, or texts in
            a folder or tar archive.
        text_column: the table's column of texts; None for one with a usual name.
        label_column: the table's column of labels; None for one with a usual name.
        encoding: of the texts.

    Raises:
        ReviewsError: there is nothing of these kinds, or it can't be used.
        UsageError: a column is named for something other than a table.
    """
    if not path.is_dir() and path.suffix.lower() in ENDINGS:
        return read_text_table(path, text_column, label_column, encoding)
    if text_column is not None or label_column is not None:
        raise UsageError(
            f"{path} is no table with columns: give a {SHOWN_ENDINGS} file, or leave out "
            "`text_column` and `label_column`"
        )
    if path.is_dir() or path.name.endswith(_ARCHIVES):
        return read_texts(path, encoding)
    if path.suffix == ".npz":
        return read_npz(path)
    problem = "can't be read as reviews" if path.exists() else "does not exist"
    raise ReviewsError(
        f"{path} {problem}: give a {SHOWN_ENDINGS} file, Keras's imdb.npz, or a folder or "
        f"{' or '.join(_ARCHIVES)} archive with {layout.PATTERN}"
    )


def read_npz(path: Path) -> RankReviews:
    """Read the ranks of a file like Keras's imdb.npz.

    Raises:
        ReviewsError: the file is missing, damaged, hostile, or without usable reviews.
    """
    order = np.random.RandomState(_SEED)
    parts: list[Labelled[Ids]] = []
    for part in layout.PARTS:
        ranks = pickles.read_ragged(path, f"x_{part}")
        _require_ranks(path, ranks)
        labels = pickles.read_integers(path, f"y_{part}")
        parts.append(_shuffle_part(f"{path} ({part})", ranks, labels, order))
    train, test = parts
    return RankReviews(spell_plainly(path.stem), str(path.resolve()), hash_file(path), train, test)


def read_texts(path: Path, encoding: str = UTF8) -> TextReviews:
    """Read the texts of a folder or tar archive with the layout of aclImdb, without unpacking it.

    Raises:
        ReviewsError: it can't be read, has another layout, or a review is of another encoding.
    """
    contents, left_out = layout.read_contents(path)
    order = np.random.RandomState(_SEED)
    parts: list[Labelled[str]] = []
    for part in layout.PARTS:
        names = [name for name in contents if name.startswith(f"{part}/")]
        texts = [_decode_review(contents[name], f"{name} in {path}", encoding) for name in names]
        labels = np.array([layout.LABELS.index(name.split("/")[1]) for name in names])
        parts.append(_shuffle_part(f"{path} ({part})", texts, labels, order))
    digest = _hash_folder(contents) if path.is_dir() else hash_file(path)
    train, test = parts
    return TextReviews(_find_name(path), str(path.resolve()), digest, train, test, left_out)


def read_text_table(
    path: Path,
    text_column: str | None = None,
    label_column: str | None = None,
    encoding: str = UTF8,
) -> TextReviews:
    """Read the texts of a `.csv`, `.tsv` or `.jsonl` file with a review in each row.

    The train and test parts are what a column split, part or set says. Without one, every fifth
    review of each label tests, counted in the shuffled order of all.

    Args:
        path: the file.
        text_column: the column of texts; None for the first of `tables.TEXT_COLUMNS`.
        label_column: the column of labels; None for the first of `tables.LABEL_COLUMNS`.
        encoding: of the file.

    Raises:
        ReviewsError: the file can't be read, lacks a column, or has unusable rows.
    """
    texts, labels, tests = tables.read_table(path, text_column, label_column, encoding)
    if tests is None:
        tests = tables.choose_tests(path, labels, np.random.RandomState(_SEED))
    order = np.random.RandomState(_SEED)
    parts: list[Labelled[str]] = []
    for number, part in enumerate(layout.PARTS):
        places = np.flatnonzero(tests == number)
        own = [texts[place] for place in places.tolist()]
        parts.append(_shuffle_part(f"{path} ({part})", own, labels[places], order))
    train, test = parts
    name = spell_plainly(path.stem)
    return TextReviews(name, str(path.resolve()), hash_file(path), train, test)


def _decode_review(content: bytes, shown: str, encoding: str) -> str:
    return read_text(io.BytesIO(content), shown, encoding, ReviewsError)


def _require_ranks(path: Path, reviews: Sequence[Ids]) -> None:
    """Reject ids: each review has its only 1 at its start and no 3, common words' ranks both."""
    begun = all(np.flatnonzero(ids == START).tolist() == [0] for ids in reviews)
    if reviews and begun and not any(np.any(ids == OFFSET) for ids in reviews):
        raise ReviewsError(
            f"{path} holds reviews as Keras's load_data() returns them, each with a 1 before it "
            "and its ranks raised by 3: give imdb.npz itself, or undo both before saving"
        )


def _shuffle_part(
    shown: str,
    reviews: Sequence[Review],
    labels: npt.NDArray[np.integer],
    order: np.random.RandomState,
) -> Labelled[Review]:
    """Check one part's reviews, and put them in the order of the next permutation."""
    if len(reviews) != len(labels):
        count = say_count(len(reviews), "review")
        raise ReviewsError(f"{shown} has {count} but {say_count(len(labels), 'label')}")
    if not np.isin(labels, (0, 1)).all():
        raise ReviewsError(f"{shown} has labels other than 0, negative, and 1, positive")
    for label, word in enumerate(("negative", "positive")):
        if label not in labels:
            raise ReviewsError(f"{shown} has no {word} reviews: give reviews of both kinds")
    places = np.arange(len(reviews))
    order.shuffle(places)
    return Labelled([reviews[place] for place in places.tolist()], labels[places].astype(np.int8))


def _find_name(path: Path) -> str:
    name = spell_plainly(path.resolve().name)
    for ending in _ARCHIVES:
        name = name.removesuffix(ending)
    return name


def _hash_folder(contents: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
