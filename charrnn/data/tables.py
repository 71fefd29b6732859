"""Labelled reviews in a table: which columns are read, and what their values mean."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.data.encodings import UTF8
from charrnn.data.layout import PARTS
from charrnn.data.rows import open_rows
from charrnn.errors import ReviewsError

TEXT_COLUMNS = ("text", "review", "content", "comment", "sentence", "body")
LABEL_COLUMNS = ("label", "labels", "sentiment", "polarity", "class", "target", "positive")
PART_COLUMNS = ("split", "part", "set")

_PAIRS = (("0", "1"), ("neg", "pos"), ("negative", "positive"), ("false", "true"), ("no", "yes"))
_LABELS = {word: label for pair in _PAIRS for label, word in enumerate(pair)}
_SHOWN_LABELS = ", ".join(map("/".join, _PAIRS))

_LONGEST = 2**20  # bytes of a review
_FOLD = 5  # one of so many reviews tests
_MOST_SHOWN = 20  # columns in a message
_WIDEST = 40  # characters of a value in a message

Flags = npt.NDArray[np.int8]
"""0 or 1 for each review, shape (N,)."""


class Table(NamedTuple):
    """The reviews of a table, N rows.

    Attributes:
        texts: of each row.
        labels: 1 for a positive review, 0 for a negative one.
        tests: 1 for a review to test with, 0 for one to train with; None if no column says so.
    """

    texts: list[str]
    labels: Flags
    tests: Flags | None


class _Columns(NamedTuple):
    """Names of the columns that are read."""

    text: str
    label: str
    part: str | None


def read_table(
    path: Path, text_column: str | None, label_column: str | None, encoding: str = UTF8
) -> Table:
    """Read the reviews of a `.csv`, `.tsv` or `.jsonl` file, one in each row.

    Args:
        path: the file.
        text_column: the column of texts; None for the first of `TEXT_COLUMNS`, in capitals or not.
        label_column: the column of labels; None for the first of `LABEL_COLUMNS`.
        encoding: of the file.

    Returns:
        the reviews in the file's order; the first of `PART_COLUMNS` says which of them test.

    Raises:
        ReviewsError: the file can't be read or lacks a column, or a row is no labelled review.
    """
    columns: _Columns | None = None
    texts: list[str] = []
    labels, tests = bytearray(), bytearray()
    with open_rows(path, encoding) as rows:
        for row in rows:
            columns = columns or _choose_columns(path, row.columns, text_column, label_column)
            values = dict(zip(row.columns, row.values, strict=True))
            where = f"{path}, line {row.line},"
            texts.append(_parse_text(where, values, columns.text))
            labels.append(_parse_label(where, values, columns.label))
            if columns.part:
                tests.append(_parse_part(where, values, columns.part))
    if columns is None:
        raise ReviewsError(f"{path} has no reviews: give a file with a review in each row")
    return Table(texts, _to_flags(labels), _to_flags(tests) if columns.part else None)


def choose_tests(path: Path, labels: Flags, random: np.random.RandomState) -> Flags:
    """Choose the reviews to test with: of each label every fifth review in a shuffled order.

    Args:
        path: of the table, for the error.
        labels: 0 or 1.
        random: shuffles.

    Returns:
        1 for a review to test with, 0 for one to train with.

    Raises:
        ReviewsError: a label has reviews, but fewer than five.
    """
    places = np.arange(len(labels))
    random.shuffle(places)
    tests = np.zeros(len(labels), np.int8)
    for label, word in enumerate(("negative", "positive")):
        own = places[labels[places] == label]
        if 0 < len(own) < _FOLD:
            raise ReviewsError(
                f"{path} needs at least {_FOLD} {word} reviews to test with every fifth, but has "
                f"{len(own)}: give more, or add a column {PART_COLUMNS[0]!r} that says "
                f"{' or '.join(PARTS)}"
            )
        tests[own[_FOLD - 1 :: _FOLD]] = 1
    return tests


def _choose_columns(
    path: Path, columns: Sequence[str], text_column: str | None, label_column: str | None
) -> _Columns:
    if text_column is None:
        text_column = _find_usual(columns, TEXT_COLUMNS, {label_column})
    text = _require_column(path, columns, text_column, "text")
    if label_column is None:
        label_column = _find_usual(columns, LABEL_COLUMNS, {text})
    label = _require_column(path, columns, label_column, "label")
    if text == label:
        raise ReviewsError(
            f"`text_column` and `label_column` are both {_show(text)}: give two columns of {path}"
        )
    return _Columns(text, label, _find_usual(columns, PART_COLUMNS, {text, label}))


def _find_usual(
    columns: Sequence[str], usual: Sequence[str], taken: Collection[str | None]
) -> str | None:
    """The column with the first of the usual names, in capitals or not."""
    names = {name.casefold(): name for name in reversed(columns) if name not in taken}
    return next((names[name] for name in usual if name in names), None)


def _require_column(path: Path, columns: Sequence[str], name: str | None, kind: str) -> str:
    """The name, if exactly one column has it."""
    if name is not None and columns.count(name) == 1:
        return name
    shown = ", ".join(map(_show, columns[:_MOST_SHOWN]))
    shown += f" and {len(columns) - _MOST_SHOWN} more" if len(columns) > _MOST_SHOWN else ""
    if name is None:
        problem = f"no column with a usual name for the {kind}: name one"
    elif name not in columns:
        problem = f"no column {_show(name)}: name one"
    else:
        problem = f"{columns.count(name)} columns {_show(name)}: rename them, or name another one"
    raise ReviewsError(f"{path} has {problem} by `{kind}_column`. Its columns: {shown}")


def _parse_text(where: str, values: dict[str, object], column: str) -> str:
    text = values.get(column)
    if not isinstance(text, str):
        raise ReviewsError(f"{where} has no text in {_show(column)}: give a string")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        raise ReviewsError(
            f"{where} has half a character, U+{code:04X}, in {_show(column)}: remove it"
        ) from error
    if size > _LONGEST:
        raise ReviewsError(
            f"{where} has a review of {size:,} bytes: give reviews of up to {_LONGEST:,}"
        )
    return text


def _parse_label(where: str, values: dict[str, object], column: str) -> int:
    value = values.get(column)
    label = _LABELS.get(str(value).strip().casefold()) if isinstance(value, (str, int)) else None
    if label is None:
        raise ReviewsError(
            f"{where} has the label {_show(value)} in {_show(column)}: give {_SHOWN_LABELS}"
        )
    return label


def _parse_part(where: str, values: dict[str, object], column: str) -> int:
    value = values.get(column)
    part = value.strip().casefold() if isinstance(value, str) else None
    if part not in PARTS:
        raise ReviewsError(
            f"{where} has {_show(value)} in {_show(column)}: give {' or '.join(PARTS)}, or rename "
            "the column if it does not say which reviews to test with"
        )
    return PARTS.index(part)


def _to_flags(flags: bytearray) -> Flags:
    return np.frombuffer(bytes(flags), np.int8)


def _show(value: object) -> str:
    """A value on one line, cut to a readable width."""
    shown = repr(value) if isinstance(value, (str, int, float)) else type(value).__name__
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"
