"""The texts that a command asks for, and those that a run was trained on."""

import sys
from pathlib import Path

from charrnn import resume_file
from charrnn.checkpoint import Checkpoint
from charrnn.cli.display import download_bar
from charrnn.cli.terminal import Terminal
from charrnn.data.corpus import STDIN, Corpus, load_corpus, split
from charrnn.errors import CorpusError, DownloadError, RunError
from charrnn.runs import Run
from charrnn.settings import LanguageSettings

PARTS = ("training", "validation")
"""What a run's own text is divided into, in the order of `split`."""

_ANOTHER = "name a text file, a corpus or - as TEXT"


def load(source: str | None, data_dir: Path, terminal: Terminal) -> Corpus:
    """The corpus asked for; where none was and shakespeare can't be had, pydoc."""
    named = "shakespeare" if source is None else source
    stdin = sys.stdin.buffer
    if named == STDIN:
        terminal.note_waiting()
    try:
        with download_bar(terminal, named) as progress:
            return load_corpus(named, data_dir, stdin, progress)
    except DownloadError as error:
        if source is not None:
            raise
        terminal.note(f"{error}.\nTraining on pydoc instead, the help texts inside Python.")
        return load_corpus("pydoc", data_dir, stdin)


def shown(source: str) -> str:
    """A text's name for a message."""
    return "standard input" if source == STDIN else source


def load_again(
    run: str,
    settings: LanguageSettings,
    source: str | None,
    elsewhere: str,
    data_dir: Path,
    terminal: Terminal,
) -> Corpus:
    """The text that a run was trained on, from `source` or from where it was.

    Args:
        run: the run's name.
        settings: the run's.
        source: where the text is now; None for where it was.
        elsewhere: what to do where it is not there, for the error.
        data_dir: where downloads are kept.
        terminal: where a download shows itself.

    Raises:
        CorpusError: it can't be had again, or is not the same any more.
    """
    if source is None and settings.source == STDIN:
        raise CorpusError(f"{run} was trained on standard input: {elsewhere}")
    was = Path(settings.source)
    if source is None and was.is_absolute() and not was.exists():
        raise CorpusError(f"{run} was trained on {was}, which is not there any more: {elsewhere}")
    corpus = load(settings.source if source is None else source, data_dir, terminal)
    if corpus.sha256 != settings.corpus_sha256:
        raise CorpusError(
            f"{shown(corpus.source)} is not, or no longer, the text that {run} was trained on: "
            f"{elsewhere}"
        )
    return corpus


def load_part(
    part: str,
    path: Path,
    network: Checkpoint,
    source: str | None,
    data_dir: Path,
    terminal: Terminal,
) -> str:
    """What a network learnt from, or what was held back, by the resume.h5 beside its checkpoint.

    Args:
        part: one of `PARTS`.
        path: the checkpoint's.
        network: the checkpoint.
        source: where the whole text is now; None for where it was.
        data_dir: where downloads are kept.
        terminal: where a download shows itself.

    Raises:
        RunError: nothing tells which text it was, or none of it was held back.
        CorpusError: the text can't be had again, or is not the same any more.
    """
    run = Run(path.parent)
    if not run.resume_file.exists():
        raise RunError(f"no {run.resume_file} tells what {path} was trained on: {_ANOTHER}")
    settings = resume_file.load(run, LanguageSettings).settings
    if settings.corpus_sha256 != network.provenance.corpus_sha256:
        raise RunError(f"{run.resume_file} is of another training than {path}: {_ANOTHER}")
    fraction = settings.training.validation
    if part == "validation" and not fraction:
        raise RunError(f"{run.name} held back no validation text: name training or another TEXT")
    elsewhere = "give that text's place with --corpus"
    if settings.source == STDIN:
        elsewhere = "pipe the same text in, with --corpus -"
    corpus = load_again(run.name, settings, source, elsewhere, data_dir, terminal)
    return split(corpus.text, fraction)[PARTS.index(part)]
