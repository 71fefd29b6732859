"""How files are read as one text."""

import re
from dataclasses import dataclass
from typing import Any

from charrnn.data.cleaning import LINE_ENDS
from charrnn.data.encodings import UTF8, find_encoding
from charrnn.errors import UsageError

_HALVES = re.compile("[\ud800-\udfff]")  # of characters, which no file can hold


@dataclass(frozen=True)
class Reading:
    """How files are read as one text.

    Attributes:
        encoding: of files and standard input.
        glob: patterns of the names, or of the paths inside a folder, of which files are read.
        separator: what stands between two texts.
        newlines: "keep" line ends as they are, or make all of them line feeds, "unix".
        text_column: which column of a table is read; empty to read a table as plain text.
        clean: make the typography of word processors plain; see `cleaning.Cleaner`.
    """

    encoding: str = UTF8
    glob: tuple[str, ...] = ("*.txt",)
    separator: str = "\n"
    newlines: str = "keep"
    clean: bool = False
    text_column: str = ""

    def check(self) -> None:
        """Reject what can't be used; a stranger may have written it.

        Raises:
            UsageError: there is something.
        """
        find_encoding(self.encoding)
        if not self.glob or not all(self.glob):
            raise UsageError("`glob` is empty: give a pattern such as *.txt")
        if self.newlines not in LINE_ENDS:
            choices = ", ".join(LINE_ENDS)
            raise UsageError(f"unknown `newlines` {self.newlines!r}: choose {choices}")
        if _HALVES.search(self.separator):
            raise UsageError("`separator` has half a character: give whole ones")

    def list_changes(self) -> list[str]:
        """The names of what is not as usual."""
        return [name for name, value in vars(self).items() if value != getattr(Reading, name)]


AS_USUAL = Reading()


def parse_reading(values: Any) -> Reading:
    """The reading that `dataclasses.asdict` made JSON of.

    Raises:
        UsageError, ValueError, TypeError: it is none.
    """
    given = dict(values)
    glob = given.pop("glob")
    if not isinstance(glob, list) or not all(isinstance(one, str) for one in glob):
        raise TypeError("the patterns are none")
    if any(type(value) is not type(getattr(Reading, name, None)) for name, value in given.items()):
        raise TypeError("a setting has another type")
    reading = Reading(glob=tuple(glob), **given)
    reading.check()
    return reading


def make_reading(**given: Any) -> Reading:
    """How files are read, by what was given; None for what is as usual.

    Args:
        **given: the attributes of a `Reading`; an encoding by any of its names.

    Raises:
        UsageError: one of them can't be used.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if "encoding" in chosen:
        chosen["encoding"] = find_encoding(chosen["encoding"])
    reading = Reading(**chosen)
    reading.check()
    return reading
