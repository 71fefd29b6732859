"""The texts that are asked for, and those that a run was trained on."""

import contextlib
import io
import sys
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

from charrnn.data.corpus import NAMED, STDIN, Corpus, load_corpus, split_text
from charrnn.data.files import measure_regular
from charrnn.data.text import Text
from charrnn.errors import CorpusError, DownloadError, MissingTextError, RunError
from charrnn.planning.report import Reporter
from charrnn.runs.bundled import BUNDLED_VALIDATION, is_bundled
from charrnn.runs.catalogue import list_runs
from charrnn.runs.checkpoint import Checkpoint, is_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run

PARTS = ("training", "validation")
"""What a run's own text is divided into, in the order of `split_text`."""

_DEFAULT = "shakespeare"
_FALLBACK = "pydoc"
_LARGEST = 2**32  # bytes of a run's text


def load_text(
    source: str | None, data_dir: Path, reporter: Reporter, encoding: str | None = None
) -> Corpus:
    """The corpus asked for; if none was and shakespeare can't be had, pydoc.

    Raises:
        CorpusError: it can't be found, read or used.
    """
    named = _DEFAULT if source is None else source
    try:
        with reporter.download(named) as progress:
            return load_corpus(named, data_dir, _open_stdin(), progress, encoding)
    except DownloadError as error:
        if source is not None:
            raise
        reporter.note(f"{error}.\nTraining on pydoc instead, the help texts inside Python.")
        return load_corpus(_FALLBACK, data_dir, _open_stdin())


def reload_text(
    run: Run,
    recipe: LanguageRecipe,
    source: str | Corpus | None,
    data_dir: Path,
    reporter: Reporter,
    otherwise: str = "",
) -> Corpus:
    """The text that a run was trained on.

    Args:
        run: the run.
        recipe: the run's.
        source: the text, or where it is now; None if it is where it was.
        data_dir: where downloads are kept.
        reporter: shows a download.
        otherwise: what else can be done with another text, for the error's message.

    Raises:
        CorpusError: it can't be had again, or is not the same any more.
    """
    if source is None:
        _require_present(run, recipe.source)
        source = recipe.source
    if isinstance(source, Corpus):
        corpus = source
    else:
        corpus = load_text(source, data_dir, reporter, recipe.encoding)
    if corpus.sha256 != recipe.corpus_sha256:
        raise MissingTextError(
            f"{describe_source(corpus.source)} is not, or no longer, the text that {run.name} was "
            f"trained on: give that text as `corpus`{otherwise}",
            run.name,
            piped=recipe.source == STDIN,
            changed="" if corpus.source == STDIN else corpus.source,
        )
    return corpus


def load_own_text(source: str, path: Path, data_dir: Path, reporter: Reporter) -> Corpus:
    """The text that a checkpoint's run was trained on, from where it is now.

    Args:
        source: where that is.
        path: the checkpoint's; the run beside it says in which encoding the text is.
        data_dir: where downloads are kept.
        reporter: shows a download.

    Raises:
        CorpusError: it can't be found, read or used.
    """
    encoding = None
    with contextlib.suppress(RunError):
        encoding = read_progress(Run(path.parent, LANGUAGE), LanguageRecipe).recipe.encoding
    return load_text(source, data_dir, reporter, encoding)


def load_part(
    part: str,
    path: Path,
    network: Checkpoint,
    source: str | Corpus | None,
    data_dir: Path,
    reporter: Reporter,
) -> Text:
    """What a network learnt from, or what was held back, by the resume.h5 beside its checkpoint.

    Args:
        part: one of `PARTS`.
        path: the checkpoint's.
        network: the checkpoint.
        source: the whole text, or where it is now; None if it is where it was.
        data_dir: where downloads are kept.
        reporter: shows a download.

    Raises:
        RunError: nothing says which text it was, or none of it was held back.
        CorpusError: the text can't be had again, or is not the same any more.
    """
    run = Run(path.parent, LANGUAGE)
    another = "name another `text`: a text file, a corpus or -"
    if is_bundled(path):
        corpus = _load_bundled_text(network, source, data_dir, reporter)
        return split_text(corpus.text, BUNDLED_VALIDATION)[PARTS.index(part)]
    if not run.resume_file.exists():
        raise RunError(f"no {run.resume_file} says what {path} was trained on: {another}")
    recipe = read_progress(run, LanguageRecipe).recipe
    if recipe.corpus_sha256 != network.provenance.corpus_sha256:
        raise RunError(f"{run.resume_file} is not of the run that wrote {path}: {another}")
    fraction = recipe.training.validation
    if part == "validation" and not fraction:
        raise RunError(f"{run.name} held back no validation text: name training or another `text`")
    corpus = reload_text(run, recipe, source, data_dir, reporter)
    return split_text(corpus.text, fraction)[PARTS.index(part)]


def _load_bundled_text(
    network: Checkpoint, source: str | Corpus | None, data_dir: Path, reporter: Reporter
) -> Corpus:
    """The whole text of which the bundled network learnt the first part."""
    if isinstance(source, Corpus):
        corpus = source
    else:
        corpus = load_text(source or _DEFAULT, data_dir, reporter)
    if corpus.sha256 != network.provenance.corpus_sha256:
        raise CorpusError(
            f"{describe_source(corpus.source)} is not the text that the network learnt from, "
            f"{_DEFAULT}: leave out `corpus`"
        )
    return corpus


def describe_source(source: str) -> str:
    """What to call a text in a message."""
    if source == STDIN:
        return "standard input"
    return source or "the given text"


def is_text(named: str, checkpoints: Path, words: Collection[str] = ()) -> bool:
    """Whether a name stands for a text, and not for a run or a checkpoint."""
    path = Path(named)
    is_other = path.is_file() and path.suffix != ".h5" and not is_checkpoint(path)
    return (named in words or is_other) and named not in {
        run.name for run in list_runs(checkpoints, LANGUAGE)
    }


def _require_present(run: Run, source: str) -> None:
    """Raise if a text can't be read again from the place it came from."""
    problem = "" if source in NAMED else _find_problem(source)
    if problem:
        raise MissingTextError(
            f"{run.name} was trained on {problem}: give that text as `corpus`",
            run.name,
            piped=source == STDIN,
        )


def _find_problem(source: str) -> str:
    """Why a text can't be read again; empty if it can.

    The name may be a stranger's: what it names is not opened unless it can be a run's text.
    """
    if source in {STDIN, ""}:
        return describe_source(source)
    try:
        size = measure_regular(Path(source))
    except FileNotFoundError:
        return f"{source}, which is no longer there"
    except OSError as error:
        return f"{source}, which can't be read: {error.strerror}"
    if not Path(source).is_absolute() or not 0 < size <= _LARGEST:
        return f"{source}, which is not, or no longer, a text"
    return ""


def _open_stdin() -> BinaryIO:
    """Standard input's bytes; none if it is closed or has none, as in some notebooks."""
    return getattr(sys.stdin, "buffer", None) or io.BytesIO()
