"""Which texts are meant by names, files, folders and patterns."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from charrnn.errors import CorpusError

STDIN = "-"

HIDDEN = "hidden"
LINK_OUT = "linked from outside the folder"
LINK_IN = "linked, but in the folder anyway"
OTHER_KIND = "no regular file"
OTHER_NAME = "of another name"
TWICE = "read already"
UNREADABLE = "unreadable"
EMPTY = "empty"
FOLDER = "a folder"
NO_TEXT = "not readable as text"

_MOST = 100_000  # files of a corpus
_MAGIC = frozenset("*?[")
_FEW = 3  # files that a line names


@dataclass(frozen=True)
class Source:
    """A text that is part of a corpus.

    Attributes:
        name: of a built-in corpus, `-`, or a file's absolute path.
        sha256: of its characters in UTF-8, as they were learnt.
    """

    name: str
    sha256: str


class Place(NamedTuple):
    """Where a text is.

    Attributes:
        name: as of a `Source`.
        shown: what to call it in a message.
        found: whether it was found in a folder or by a pattern, instead of being named itself.
    """

    name: str
    shown: str
    found: bool


class Skipped(NamedTuple):
    """A file, or a folder in a folder, that is left out.

    Attributes:
        shown: what it is called.
        reason: why, in few words.
        problem: why, as a whole sentence; empty if the reason says all.
    """

    shown: str
    reason: str
    problem: str = ""


@dataclass
class Places:
    """The texts that are meant, in their order, and what is left out.

    Attributes:
        texts: where they are.
        skipped: what else was found.
    """

    texts: list[Place] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def add(self, path: Path, *, found: bool) -> None:
        """Add a file, once."""
        name = os.path.realpath(path)  # Path.resolve raises if links go in a circle
        if name in self._known:
            self.skip(path, TWICE)
        else:
            self._known.add(name)
            self.add_name(name, str(path), found=found)

    def add_name(self, name: str, shown: str, *, found: bool = False) -> None:
        """Add a text that has this name."""
        if len(self.texts) >= _MOST:
            raise CorpusError(f"there are over {_MOST:,} files: join some of them")
        self.texts.append(Place(name, shown, found))

    def skip(self, path: Path | str, reason: str, problem: str = "") -> None:
        """Leave something out."""
        self.skipped.append(Skipped(str(path), reason, problem))


def is_pattern(named: str) -> bool:
    """Whether a name stands for the files that match it, because there is no file of that name."""
    return bool(_MAGIC & set(named)) and not os.path.lexists(named)


def split_pattern(pattern: Path) -> tuple[Path, Path]:
    """The folder that a pattern begins with, and the rest, which has the wildcards."""
    parts = pattern.parts
    first = next(place for place, part in enumerate(parts) if _MAGIC & set(part))
    return Path(*parts[:first]), Path(*parts[first:])


def find_places(named: Sequence[str], built_in: Iterable[str], globs: Sequence[str]) -> Places:
    """The texts that names stand for.

    Args:
        named: names of built-in corpora, files, folders, patterns; or `-` alone.
        built_in: the names of those corpora.
        globs: which of a folder's files are meant.

    Raises:
        CorpusError: a folder has no such file, or nothing matches a pattern.
    """
    places, built_in = Places(), set(built_in)
    for name in named:
        path = Path(name)
        if name == STDIN:
            places.add_name(name, "standard input")
        elif name in built_in:
            places.add_name(name, name)
        elif path.is_dir():
            _add_folder(places, path, globs)
        elif is_pattern(name):
            _add_matches(places, path)
        else:
            places.add(path, found=False)
    return places


def describe_skipped(skipped: Iterable[Skipped]) -> Iterator[tuple[str, list[str]]]:
    """Yield a line for each reason why files were left out, and what else it stands for.

    A line has the number of the files, and the names or problems of a few.
    """
    groups: dict[str, list[Skipped]] = {}
    for one in skipped:
        groups.setdefault(one.reason, []).append(one)
    for reason, group in groups.items():
        facts = [one.problem or one.shown for one in group]
        rest = facts[_FEW:]
        more = f"; and {len(rest):,} more" if rest else ""
        yield f"skipped {len(group):,} ({reason}): {'; '.join(facts[:_FEW])}{more}", rest


def _add_folder(places: Places, folder: Path, globs: Sequence[str]) -> None:
    found: list[Path] = []
    for path in _walk(places, folder):
        inside = path.relative_to(folder)
        if any(
            fnmatchcase(inside.as_posix() if "/" in glob else path.name, glob) for glob in globs
        ):
            found.append(path)
        else:
            places.skip(path, OTHER_NAME)
    for path in sorted(found, key=lambda path: path.relative_to(folder).parts):
        if path.is_symlink() and _describe_link(path, folder) == LINK_OUT:
            places.skip(path, LINK_OUT)
        else:
            _add_found(places, path)
    if not found:
        raise CorpusError(
            f"{folder} has no file named {' or '.join(globs)}: name other files by `glob`"
        )


def _walk(places: Places, folder: Path) -> Iterator[Path]:
    """The files in a folder that are not hidden; links to folders are left out."""

    def fail(error: OSError) -> None:
        places.skip(error.filename, UNREADABLE, f"{error.filename}: {error.strerror}")

    for place, folders, files in os.walk(folder, onerror=fail):
        here = Path(place)
        for name in [*sorted(files), *sorted(folders)]:
            if name.startswith("."):
                places.skip(here / name, HIDDEN)
            elif name not in folders:
                yield here / name
            elif (here / name).is_symlink():
                places.skip(here / name, _describe_link(here / name, folder))
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _add_found(places: Places, path: Path) -> None:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:  # a link in a circle, or to nothing
        places.skip(path, UNREADABLE, f"{path}: {error.strerror}")
        return
    if regular:
        places.add(path, found=True)
    else:
        places.skip(path, OTHER_KIND)


def _describe_link(link: Path, folder: Path) -> str:
    inside = Path(os.path.realpath(link)).is_relative_to(os.path.realpath(folder))
    return LINK_IN if inside else LINK_OUT


def _add_matches(places: Places, pattern: Path) -> None:
    base, rest = split_pattern(pattern)
    asks_hidden = any(part.startswith(".") for part in rest.parts)
    before = len(places.texts) + len(places.skipped)
    for path in sorted(base.glob(str(rest)), key=lambda path: path.parts):
        inside = path.relative_to(base).parts
        if not asks_hidden and any(part.startswith(".") for part in inside):
            places.skip(path, HIDDEN)
        elif not path.is_dir():
            _add_found(places, path)
        elif "**" not in rest.parts:  # which itself stands for folders
            places.skip(path, FOLDER)
    if before == len(places.texts) + len(places.skipped):
        raise CorpusError(f"no file matches {pattern}: give a text file, a folder or a pattern")
