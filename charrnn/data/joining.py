"""Texts joined as they are read: each wholly, or not at all."""

import hashlib
from collections import Counter
from dataclasses import replace

from charrnn.data.cleaning import Cleaner
from charrnn.data.documents import read_text_pieces
from charrnn.data.reading import Reading
from charrnn.data.stores import Store
from charrnn.data.text import Gathered, TextGatherer
from charrnn.data.unpack import Stream
from charrnn.errors import CorpusError


class EmptyTextError(CorpusError):
    """A text without a character."""

    def __init__(self, shown: str) -> None:
        super().__init__(f"{shown} is empty: give a text of some thousand characters")


class Joiner:
    """Joins texts.

    Args:
        reading: what stands between two of them, and how their characters are changed.
        store: where the ids of their characters are kept.

    Attributes:
        changes: how many characters were changed, by what they are.
        documents: how many documents, pages and rows of tables were read, by what they are.
    """

    def __init__(self, reading: Reading, store: Store) -> None:
        self.changes: Counter[str] = Counter()
        self.documents: Counter[str] = Counter()
        self._reading = reading
        self._gathered, self._digest = TextGatherer(store), hashlib.sha256()

    def add(self, file: Stream, name: str, shown: str, encoding: str) -> str:
        """Add a text; after an error, none of it is part of the whole.

        Args:
            file: its bytes, perhaps compressed.
            name: the file's, whose end says what it is.
            shown: what to call it in an error.
            encoding: of the text.

        Returns:
            the SHA-256 of its characters in UTF-8.

        Raises:
            CorpusError: it is empty, no text, or of another encoding.
            OSError: it can't be read.
        """
        mark, before = self._gathered.mark(), self._digest.copy()
        try:
            if len(self._gathered):
                self._append(self._reading.separator)
            return self._add(file, name, shown, encoding)
        except BaseException:
            self._gathered.return_to(mark)
            self._digest = before
            raise

    def finish(self) -> tuple[Gathered, str]:
        """What the store has now, and the SHA-256 of its characters in UTF-8."""
        return self._gathered.finish(), self._digest.hexdigest()

    def _add(self, file: Stream, name: str, shown: str, encoding: str) -> str:
        own, start = hashlib.sha256(), len(self._gathered)
        cleaner = Cleaner(self._reading.newlines, clean=self._reading.clean)
        reading, documents = replace(self._reading, encoding=encoding), Counter[str]()
        for piece in read_text_pieces(file, name, shown, reading, documents):
            own.update(self._append(cleaner.add(piece)))
        own.update(self._append(cleaner.finish()))
        if len(self._gathered) == start:
            raise EmptyTextError(shown)
        self.changes += cleaner.counts
        self.documents += documents
        return own.hexdigest()

    def _append(self, piece: str) -> bytes:
        content = piece.encode("utf-8", "surrogatepass")
        self._gathered.add(piece)
        self._digest.update(content)
        return content
