"""The reviews in a folder or tar archive with the layout of aclImdb, which is never unpacked."""

import errno
import itertools
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from charrnn.data.files import Bounded, open_regular
from charrnn.errors import ReviewsError

PARTS = ("train", "test")
LABELS = ("neg", "pos")  # label 0, label 1
PATTERN = "{train,test}/{pos,neg}/*.txt"

_LONGEST = 2**20  # bytes of a review
_LONGEST_MEMBER = 2**32  # bytes of anything else, which is skipped
_MOST = 2**30  # bytes of all reviews and their names together
_LONGEST_HEADER = 2**16  # bytes
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
        if member and member.size > _LONGEST_MEMBER:  # to skip it could take forever
            raise OSError(errno.EFBIG, f"a member claims more than {_LONGEST_MEMBER:,} bytes")
        self._file.left = _LONGEST
        return member


def read_contents(path: Path) -> dict[str, bytes]:
    """Name to content of each review, sorted by name; a name is a path like train/pos/0_9.txt.

    Raises:
        ReviewsError: it can't be read, has another layout, or is too large to be reviews.
    """
    found: dict[str, bytes] = {}
    try:
        for name, content in (_read_folder if path.is_dir() else _read_archive)(path):
            if name in found:
                raise ReviewsError(f"{path} has {name} twice: give one set of reviews")
            found[name] = content
    except FileNotFoundError as error:
        raise ReviewsError(f"no file or folder {path}: give one with {PATTERN}") from error
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged, or no archive"
        raise ReviewsError(f"can't read {path}: {reason}. Get it again") from error
    _require_layout(path, found)
    return dict(sorted(found.items()))


def _require_layout(path: Path, found: dict[str, bytes]) -> None:
    missing = {f"{part}/{label}" for part in PARTS for label in LABELS}
    missing -= {name.rpartition("/")[0] for name in found}
    if missing:
        raise ReviewsError(
            f"{path} has no reviews in {', '.join(sorted(missing))}: give reviews in the layout of "
            f"aclImdb, {PATTERN}"
        )


def _read_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    left = _MOST
    for top, part, label in itertools.product(("", "*/"), PARTS, LABELS):
        for file in path.glob(f"{top}{part}/{label}/*.txt"):
            name = _find_name(file.relative_to(path).as_posix())
            if name and file.is_file():  # reading a pipe would block
                left -= _require_room(path, name, file.stat().st_size, left)
                yield name, file.read_bytes()


def _read_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    left = _MOST
    with open_regular(path) as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        # Not "r|*": with other compressions tarfile unpacks a small file's whole content at once.
        with _Archive.open(path, "r|gz" if zipped else "r|", file) as archive:
            for member in archive:
                name = _find_name(member.name)
                opened = archive.extractfile(member) if name and member.isreg() else None
                if name and opened:
                    left -= _require_room(path, name, member.size, left)
                    yield name, opened.read()


def _find_name(path: str) -> str | None:
    """The path from train or test on; None if it is not a review's."""
    parts = PurePosixPath(path).parts
    if len(parts) not in _DEPTHS:
        return None
    part, label, file = parts[-3:]
    is_review = file.endswith(".txt") and not file.startswith(
        "."
    )  # macOS adds ._ files to archives
    return f"{part}/{label}/{file}" if is_review and part in PARTS and label in LABELS else None


def _require_room(path: Path, name: str, size: int, left: int) -> int:
    """The bytes that the review takes of the `left` ones."""
    if size > _LONGEST or size + len(name) > left:
        raise ReviewsError(
            f"{name} in {path} is too large: a review may have {_LONGEST:,} bytes, and all reviews "
            f"together {_MOST:,}. Give smaller reviews, or fewer"
        )
    return size + len(name)
