"""The parts of a document that is a zip archive, and their XML, within bounded memory."""

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO
from xml.parsers import expat

from charrnn.data.unpack import Allowance
from charrnn.errors import CorpusError

_BLOCK = 2**16  # bytes
_TAIL = 2**16 + 22  # bytes at an archive's end, which hold its last record
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x07"
_LARGEST_LIST = 2**22  # bytes of an archive's list of parts: some ten thousand

Start = Callable[[str, Mapping[str, str]], None]
"""Called with an element's name, without its namespace, and its attributes."""


class Parts:
    """The parts of an archive.

    Args:
        file: the archive.
        shown: what to call it in an error.

    Raises:
        CorpusError: it is damaged, or lists too many parts.
    """

    def __init__(self, file: BinaryIO, shown: str) -> None:
        self._shown = shown
        with self._explain_damage():
            size = _require_short_list(file, shown)
            self._archive = zipfile.ZipFile(file)
        self._allowance = Allowance(shown, lambda: size)

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a part's bytes.

        Raises:
            CorpusError: there is no such part, or it is damaged, encrypted or a bomb.
        """
        if name not in self:
            raise CorpusError(f"{self._shown} lacks its part {name}: get it again")
        with self._explain_damage(), self._archive.open(name) as part:
            while block := part.read(_BLOCK):
                self._allowance.spend(len(block))
                yield block

    def parse(
        self,
        name: str,
        start: Start,
        end: Callable[[str], None] = lambda _: None,
        text: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Read a part that is XML.

        Args:
            name: the part's.
            start: called where an element begins.
            end: called with its name where it ends.
            text: called with pieces of the text in it.

        Raises:
            CorpusError: as in `read`, or it is no XML.
        """
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = lambda tag, values: start(
            _cut(tag), {_cut(key): value for key, value in values.items()}
        )
        parser.EndElementHandler = lambda tag: end(_cut(tag))
        parser.CharacterDataHandler = text
        parser.EntityDeclHandler = _reject_entity  # a few may stand for gigabytes
        with self._explain_damage():
            for block in self.read(name):
                parser.Parse(block, False)
            parser.Parse(b"", True)

    @contextlib.contextmanager
    def _explain_damage(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # zipfile's, about a password
            raise CorpusError(f"{self._shown} is encrypted: save it without a password") from error
        except (
            *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError),
            *(expat.ExpatError, struct.error),
        ) as error:
            raise CorpusError(f"{self._shown} is damaged: get it again") from error


def _require_short_list(file: BinaryIO, shown: str) -> int:
    """The archive's size; zipfile would read a list of any length at once."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    place = tail.rfind(_END)
    if place < 0:
        raise zipfile.BadZipFile("no end record")
    (length,) = struct.unpack_from("<I", tail, place + 12)
    if length > _LARGEST_LIST or _END64 in tail[:place]:
        raise CorpusError(f"{shown} has more parts than any document: it can't be read")
    return size


def _reject_entity(*_: object) -> None:
    raise ValueError("it declares an entity")


def _cut(name: str) -> str:
    return name.rpartition(" ")[2]
