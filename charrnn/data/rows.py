"""The rows of a `.csv`, `.tsv` or `.jsonl` file, read one by one within bounded memory."""

import contextlib
import csv
import itertools
import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from charrnn.data.encodings import UTF8
from charrnn.data.files import open_regular
from charrnn.data.json_files import require_few_values
from charrnn.data.lines import decode_lines
from charrnn.errors import CharrnnError, ReviewsError, say_count

ENDINGS = (".csv", ".tsv", ".jsonl")
SHOWN_ENDINGS = ".csv, .tsv or .jsonl"

_LONGEST = 2**20  # characters of a field
_LONGEST_ROW = 2**23  # characters
_MOST = 2**30  # bytes of a file


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        line: the number of its first line, from 1.
        columns: names of the values, in the file's order.
        values: strings or, in `.jsonl` files, whatever JSON can express.
    """

    line: int
    columns: Sequence[str]
    values: Sequence[object]


class _Lines(Iterator[str]):
    """The lines of a file as text, with a limit on the characters of each row."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        shown: str,
        encoding: str,
        error_class: type[CharrnnError],
    ) -> None:
        self._shown, self._error_class, self._number = shown, error_class, 0
        chunks = decode_lines(
            read,
            shown,
            lambda number: f"{shown}, line {number},",
            error_class,
            encoding,
            longest=_LONGEST_ROW,
        )
        self._lines = itertools.chain.from_iterable(chunks)
        self.begin_row()

    def begin_row(self) -> None:
        """The next line is the first of a row, whose limit is a new one."""
        self.row = self._number + 1
        self._left = _LONGEST_ROW

    def __next__(self) -> str:
        line = next(self._lines) + "\n"
        self._number += 1
        self._left -= len(line)
        if self._left < 0:
            raise self.error(f"begins a row of over {_LONGEST_ROW:,} characters: give shorter rows")
        if "\0" in line:
            raise self.error(
                "has a NUL character: if the file is a text of another encoding, give that as "
                "`encoding`"
            )
        return line

    def error(self, problem: str) -> CharrnnError:
        """An error about the current row."""
        return self._error_class(f"{self._shown}, line {self.row}, {problem}")


@contextlib.contextmanager
def open_rows(path: Path, encoding: str = UTF8) -> Iterator[Iterator[Row]]:
    """Open a file for reading its rows, as `read_rows` does.

    Raises:
        ReviewsError: the file can't be read, is too large, or a row is malformed.
    """
    try:
        with open_regular(path) as file:
            _require_size(path, os.fstat(file.fileno()).st_size)
            ending = path.suffix.lower()
            rows = read_rows(file.read, str(path), ending, encoding, ReviewsError)
            with contextlib.closing(rows):
                yield rows
    except FileNotFoundError as error:
        raise ReviewsError(f"no file {path}: give a {SHOWN_ENDINGS} file") from error
    except OSError as error:
        raise ReviewsError(
            f"can't read {path}: {error.strerror}; give a {SHOWN_ENDINGS} file"
        ) from error


def read_rows(
    read: Callable[[int], bytes],
    shown: str,
    ending: str,
    encoding: str,
    error_class: type[CharrnnError],
) -> Generator[Row, None, None]:
    """Yield the rows of a table, which are checked as they are read.

    A `.csv` file's fields are separated by commas or, if its header has none, by semicolons; a
    `.tsv` file's by tabs. Both begin with a header and use double quotes. A `.jsonl` file has an
    object in each line. Blank lines are skipped, and a byte order mark is ignored.

    Args:
        read: gives the next bytes, at most so many; none at the end.
        shown: what to call the table in an error.
        ending: one of `ENDINGS`.
        encoding: of the table.
        error_class: of an error.

    Raises:
        CharrnnError: of the given class; a row is malformed.
    """
    lines = _Lines(read, shown, encoding, error_class)
    limit = csv.field_size_limit(_LONGEST)
    try:
        yield from _read_json(lines) if ending == ".jsonl" else _read_csv(lines, ending)
    finally:
        csv.field_size_limit(limit)


def _require_size(path: Path, size: int) -> None:
    if not size:
        raise ReviewsError(f"{path} is empty: give a file with a review in each row")
    if size > _MOST:
        raise ReviewsError(f"{path} has {size:,} bytes: give a file of up to {_MOST:,}")


def _read_csv(lines: _Lines, ending: str) -> Iterator[Row]:
    header = next(lines, "")
    semicolons = ";" in header and "," not in header
    delimiter = "\t" if ending == ".tsv" else ";" if semicolons else ","
    rows = csv.reader(itertools.chain([header], lines), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
        if not columns:
            raise lines.error("is blank: the first line must name the columns")
        lines.begin_row()
        for values in rows:
            if values:
                _require_width(lines, len(values), len(columns))
                yield Row(lines.row, columns, values)
            lines.begin_row()
    except csv.Error as error:
        raise lines.error(
            f"is malformed ({error}): quote fields that contain line ends or quotes, and write a "
            "quote within quotes twice"
        ) from error


def _require_width(lines: _Lines, width: int, expected: int) -> None:
    if width != expected:
        raise lines.error(
            f"has {say_count(width, 'field')}, but the header {expected:,}: quote fields "
            "that contain a separator"
        )


def _read_json(lines: _Lines) -> Iterator[Row]:
    for line in lines:
        if line.strip():
            fields = _parse_object(lines, line)
            yield Row(lines.row, list(fields), list(fields.values()))
        lines.begin_row()


def _parse_object(lines: _Lines, line: str) -> dict[str, object]:
    advice = 'put one object like {"text": "A good film", "label": 1} in each line'
    try:
        require_few_values(line)
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise lines.error(f"is not JSON: {advice}") from error
    if not isinstance(fields, dict):
        raise lines.error(f"is not a JSON object: {advice}")
    return fields
