"""The reviews in a folder or tar archive with the layout of aclImdb, which is never unpacked."""

import errno
import functools
import itertools
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NamedTuple

from charrnn.data.files import Bounded, open_regular, spell_plainly
from charrnn.errors import ReviewsError

PARTS = ("train", "test")
LABELS = ("neg", "pos")  # label 0, label 1
PATTERN = "{train,test}/{pos,neg}/*.txt"
UNLABELLED = "train/unsup"
"""Where aclImdb has reviews without a label."""

_FOLDERS = {f"{part}/{label}" for part in PARTS for label in LABELS}
_Found = tuple[str, str, bytes | None]  # folder, file, and content of a review

_LONGEST = 2**20  # bytes of a review
_LARGEST = 2**31  # bytes of an archive's content, most of which is skipped
_MOST = 2**30  # bytes of all reviews and their names together
_LONGEST_HEADER = 2**16  # bytes
_MOST_FOLDERS = 10  # that are counted one by one
_LONGEST_FOLDER = 40  # characters
_DEPTHS = (3, 4)  # parts of a path; one folder of any name may be above train and test


class _Archive(tarfile.TarFile):
    """A tar archive that keeps no members in memory and rejects huge headers.

    `tarfile` itself keeps all members, and reads headers of any size.
    """

    def __init__(self, name: str, mode: Literal["r"], file: IO[bytes]) -> None:
        self._file = Bounded(file, 0, f"a header has over {_LONGEST_HEADER:,} bytes")
        super().__init__(name, mode, self._file)  # type: ignore[arg-type] # nothing is written

    def next(self) -> tarfile.TarInfo | None:
        """The next member; its content can be read until the next call."""
        self.members: list[tarfile.TarInfo] = []
        self.pax_headers = {}
        self._file.left = _LONGEST_HEADER
        member = super().next()
        if self.offset > _LARGEST:  # to skip a member could take forever
            raise OSError(errno.EFBIG, f"it claims to hold more than {_LARGEST:,} bytes")
        self._file.left = _LONGEST
        return member


class Contents(NamedTuple):
    """What a folder or an archive holds.

    Attributes:
        reviews: name to content, sorted by name; a name is a path like train/pos/0_9.txt.
        left_out: how many files beside the reviews, in folders like train/neutral.
    """

    reviews: dict[str, bytes]
    left_out: dict[str, int]


def read_contents(path: Path) -> Contents:
    """The reviews of a folder or tar archive.

    Raises:
        ReviewsError: it can't be read, has another layout, or is too large to be reviews.
    """
    found: dict[str, bytes] = {}
    left_out: dict[str, int] = {}
    try:
        for folder, file, content in (_read_folder if path.is_dir() else _read_archive)(path):
            name = f"{folder}/{file}"
            if name in found:
                raise ReviewsError(f"{path} has {name} twice: give one set of reviews")
            if content is None:
                _count(left_out, folder)
            else:
                found[name] = content
    except FileNotFoundError as error:
        raise ReviewsError(f"no file or folder {path}: give one with {PATTERN}") from error
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged, or no archive"
        raise ReviewsError(f"can't read {path}: {reason}. Get it again") from error
    _require_layout(path, found)
    return Contents(dict(sorted(found.items())), left_out)


def _count(left_out: dict[str, int], folder: str) -> None:
    """Count a file that is no review; of folders beyond a few, together."""
    known = folder in left_out or len(left_out) < _MOST_FOLDERS
    key = folder[:_LONGEST_FOLDER] if known else "other folders"
    left_out[key] = left_out.get(key, 0) + 1


def _require_layout(path: Path, found: dict[str, bytes]) -> None:
    missing = _FOLDERS - {name.rpartition("/")[0] for name in found}
    if missing:
        raise ReviewsError(
            f"{path} has no reviews in {', '.join(sorted(missing))}: give reviews in the layout of "
            f"aclImdb, {PATTERN}"
        )


def _read_folder(path: Path) -> Iterator[_Found]:
    left, root = _MOST, path.resolve()
    is_inside = functools.cache(lambda place: place.resolve().is_relative_to(root))
    for top, part in itertools.product(("", "*/"), PARTS):
        for place in path.glob(f"{top}{part}/*/*"):
            found = _locate(place.relative_to(path).as_posix())
            if not found or not place.is_file():  # reading a pipe would block
                continue
            content = None
            if _is_review(*found):
                if not is_inside(place if place.is_symlink() else place.parent):
                    raise ReviewsError(
                        f"{'/'.join(found)} in {path} is a link that leads out of that folder: put "
                        "the file itself there"
                    )
                left -= _require_room(path, found, place.stat().st_size, left)
                content = place.read_bytes()
            yield *found, content


def _read_archive(path: Path) -> Iterator[_Found]:
    left = _MOST
    with open_regular(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        # Not "r|*": with other compressions tarfile unpacks a small file's whole content at once.
        with _Archive.open(path, "r|gz" if zipped else "r|", file) as archive:
            for member in archive:
                found = _locate(member.name)
                opened = archive.extractfile(member) if found and member.isreg() else None
                if not found or not opened:
                    continue
                content = None
                if _is_review(*found):
                    left -= _require_room(path, found, member.size, left)
                    content = opened.read()
                yield *found, content


def _locate(path: str) -> tuple[str, str] | None:
    """A file's folder from train or test on, and its name; None if it is elsewhere or hidden."""
    parts = PurePosixPath(spell_plainly(path)).parts
    if len(parts) not in _DEPTHS:
        return None
    part, label, file = parts[-3:]
    # macOS adds ._ files to archives.
    return None if part not in PARTS or file.startswith(".") else (f"{part}/{label}", file)


def _is_review(folder: str, file: str) -> bool:
    return folder in _FOLDERS and file.endswith(".txt")


def _require_room(path: Path, found: tuple[str, str], size: int, left: int) -> int:
    """The bytes that the review takes of the `left` ones."""
    name = "/".join(found)
    if size > _LONGEST or size + len(name) > left:
        raise ReviewsError(
            f"{name} in {path} is too large: a review may have {_LONGEST:,} bytes, and all reviews "
            f"together {_MOST:,}. Give smaller reviews, or fewer"
        )
    return size + len(name)
