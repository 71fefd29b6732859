"""The text that a network is to read: a part of its own, a corpus, a file or standard input."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.options import spell_moment
from charrnn.cli.terminal import Terminal
from charrnn.errors import CorpusError, say_count

if TYPE_CHECKING:
    from charrnn.data.byte_vocabulary import AnyVocabulary
    from charrnn.data.corpus import Corpus
    from charrnn.data.reading import Reading
    from charrnn.data.text import Text
    from charrnn.data.vocabulary import Ids
    from charrnn.planning.folders import Folders
    from charrnn.runs.checkpoint import Checkpoint, Provenance


def check_texts(text: str, corpus: Sequence[str], how: "Reading", *, used: bool = False) -> None:
    """Reject options that don't fit the text.

    Args:
        text: TEXT as it was typed.
        corpus: --corpus, if it was.
        how: how it is to be read.
        used: whether --corpus is of use whatever TEXT is.

    Raises:
        click.UsageError: there is one.
    """
    from charrnn.data.reading import AS_USUAL
    from charrnn.data.sources import STDIN
    from charrnn.planning.texts import PARTS

    if corpus and text not in PARTS and not used:
        raise click.UsageError("--corpus is for a run's own text: validation or training as TEXT")
    if how != AS_USUAL and text in PARTS:
        option = "--" + how.list_changes()[0].replace("_", "-")
        raise click.UsageError(
            f"{option} is for another text: a run's own is read as when it was trained"
        )
    if text == STDIN and STDIN in corpus:
        raise click.UsageError("standard input can be read once: it is TEXT or --corpus, not both")


def is_text(named: str | None, checkpoints: Path) -> bool:
    """Whether what was typed in place of a run is a text; the bundled network's name is a run's."""
    from charrnn.data.corpus import NAMED
    from charrnn.data.sources import STDIN
    from charrnn.planning import texts
    from charrnn.runs.bundled import BUNDLED

    return named not in {None, BUNDLED.name} and texts.is_text(
        named, checkpoints, {*NAMED, *texts.PARTS, STDIN}
    )


def check_run(run: str | None, checkpoints: Path, command: str) -> None:
    """Reject a text where a network is expected.

    Raises:
        click.UsageError: it is one.
    """
    if is_text(run, checkpoints):
        raise click.UsageError(
            f"{run} is a text: name the run before it, charrnn {command} RUN {run}"
        )


def load_text(
    text: str,
    path: Path,
    network: "Checkpoint",
    own: "Corpus | None",
    how: "Reading",
    folders: "Folders",
    terminal: Terminal,
) -> "tuple[Text, str]":
    """The characters of TEXT, and what they are, for a note."""
    from charrnn.data.corpus import NAMED
    from charrnn.data.sources import STDIN, is_pattern
    from charrnn.planning import texts

    if text in texts.PARTS:
        part = texts.load_part(text, path, network, own or (), folders.data, terminal)
        return part, f"its {text} text"
    if text not in {*NAMED, STDIN} and not Path(text).exists() and not is_pattern(text):
        names = ", ".join([*texts.PARTS, *NAMED])
        raise CorpusError(f"no file {text}: TEXT is a text file, - or one of {names}")
    corpus = texts.load_text([text], folders.data, terminal, how)
    if corpus.sha256 == network.provenance.corpus_sha256:
        terminal.note("note: the network learnt from this text, all but what was held back")
    return corpus.text, texts.describe_named([text])


def describe_text(shown: str, length: int, skipped: int, unknown: int = 0) -> str:
    """What is read, for a note: which text, how many characters, and how many of them are lost."""
    left_out = f", {skipped:,} left out" if skipped else ""
    read_so = f", {unknown:,} unknown to it" if unknown else ""
    return f"{shown}, {say_count(length, 'character')}{left_out}{read_so}"


def count_unknown(ids: "Ids", vocabulary: "AnyVocabulary") -> int:
    """How many of a text's ids, (N,), stand for the characters that a network doesn't know."""
    return 0 if vocabulary.unknown is None else int((ids == vocabulary.unknown).sum())


def make_source(path: Path, provenance: "Provenance", text: str) -> dict[str, Any]:
    """Which network read which text, for JSON."""
    return {
        "run": path.parent.name or path.name,
        **spell_moment(provenance),
        "checkpoint": str(path),
        "text": text,
    }
