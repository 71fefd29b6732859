"""A network and the text that it is to read, as they were typed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.cli import reading
from charrnn.cli.options import describe_checkpoint
from charrnn.cli.terminal import Terminal
from charrnn.data.sources import STDIN
from charrnn.errors import UsageError

if TYPE_CHECKING:
    from charrnn.data.corpus import Corpus
    from charrnn.data.reading import Reading
    from charrnn.data.text import Text
    from charrnn.data.vocabulary import Ids
    from charrnn.inference.inspect import Inspection
    from charrnn.inference.language_model import LanguageModel
    from charrnn.planning.folders import Folders

_SHORTER = "; --limit N reads only the first N characters"


@dataclass(frozen=True)
class Source:
    """A network and a text.

    Attributes:
        path: the network's checkpoint.
        model: the network.
        named: the text, as it was typed.
        shown: what the text is, for a note.
        text: its characters, as far as they are wanted.
        own: the run's whole text, if --corpus says where it is.
        how: how the text is read.
        folders: where texts are found.
        terminal: where notes go.
    """

    path: Path
    model: "LanguageModel"
    named: str
    shown: str
    text: "Text"
    own: "Corpus | None"
    how: "Reading"
    folders: "Folders"
    terminal: Terminal

    @property
    def title(self) -> str:
        """Which network reads: its run, epoch and loss."""
        return describe_checkpoint(self.path, self.model.checkpoint.provenance)

    @property
    def facts(self) -> dict[str, Any]:
        """What is read by what, for JSON."""
        return reading.make_source(self.path, self.model.checkpoint.provenance, self.named)

    def note(self, length: int, unknown: int = 0) -> None:
        """Say which network reads how many of the text's characters, and how many it can't tell."""
        counts = (len(self.text) - length, unknown)
        described = reading.describe_text(self.shown, length, *counts)
        self.terminal.note(f"{self.title}; {described}")

    def encode(self, unknown: str) -> "Ids":
        """The text's ids, (N,).

        Args:
            unknown: what to do about characters that the network doesn't know.
        """
        from charrnn.inference.encode import encode_text
        from charrnn.inference.score import check_length

        ids = encode_text(self.model.vocabulary, self.text, unknown)
        check_length(self.model.vocabulary.count_characters(ids))
        return ids

    def inspect(self, ids: "Ids") -> "Inspection":
        """Read the text's ids, (N,), with a bar."""
        from charrnn.cli.bars import Estimator, show_scoring

        vocabulary = self.model.vocabulary
        self.note(vocabulary.count_characters(ids), reading.count_unknown(ids, vocabulary))
        estimator = Estimator(self.terminal, _SHORTER)
        with show_scoring(self.terminal, estimator, "reading", len(ids)) as progress:
            return self.model.inspect(ids, progress=progress)

    def require_other(self, file: Path, keyword: str) -> None:
        """Reject a file to write that is of the text, or of the one that the network learnt from.

        Raises:
            UsageError: it is, so its text would be lost.
        """
        from charrnn.planning.texts import list_names

        if os.path.realpath(file) in list_names(self.named, self.path, self.own, self.how):
            raise UsageError(f"{file} is a text that is read: give another `{keyword}`")

    def load_training_text(self) -> "Text":
        """What the network learnt from."""
        from charrnn.planning.texts import load_part

        how = (self.own or (), self.folders.data, self.terminal)
        return load_part("training", self.path, self.model.checkpoint, *how)


def load_source(
    path: Path,
    named: str,
    corpus: Sequence[str],
    how: "Reading",
    limit: int | None,
    folders: "Folders",
    terminal: Terminal,
) -> Source:
    """Load a network and the first characters of a text.

    Args:
        path: the network's checkpoint.
        named: the text.
        corpus: where the run's whole text is now, if it was moved.
        how: how the text is read.
        limit: how many characters, at most; None for all.
        folders: where texts are found.
        terminal: where notes go.
    """
    from charrnn.inference.language_model import load_model
    from charrnn.planning.texts import load_own_text

    model = load_model(path)
    if STDIN in {named, *corpus}:
        terminal.note_waiting()
    own = load_own_text(corpus, path, folders.data, terminal) if corpus else None
    where = (own, how, folders, terminal)
    text, shown = reading.load_text(named, path, model.checkpoint, *where)
    return Source(path, model, named, shown, text[:limit], own, how, folders, terminal)
