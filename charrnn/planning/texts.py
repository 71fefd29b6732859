"""The texts that are asked for, and those that a run was trained on."""

import contextlib
from collections.abc import Collection, Sequence
from pathlib import Path

from charrnn.data.corpus import NAMED, Corpus, load_corpus, split_text
from charrnn.data.files import measure_regular
from charrnn.data.prepared import is_prepared
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.sources import STDIN, Source, find_places
from charrnn.data.text import Text
from charrnn.errors import (
    CorpusError,
    DownloadError,
    MissingTextError,
    NoRoomError,
    RunError,
    say_count,
)
from charrnn.planning.prepare import is_large, load_large, open_stdin
from charrnn.planning.report import Reporter
from charrnn.planning.text_notes import note_text
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
_LARGEST = 2**32  # bytes of a run's text that is read without being named again


def load_text(
    named: Sequence[str],
    data_dir: Path,
    reporter: Reporter,
    reading: Reading = AS_USUAL,
) -> Corpus:
    """The corpus of what is named; if nothing is and shakespeare can't be had, pydoc.

    Raises:
        CorpusError: it can't be found, read or used.
    """
    corpus = _read_text(named, data_dir, reporter, reading)
    if not corpus.prepared:
        note_text(corpus, reporter)
    return corpus


def _read_text(
    named: Sequence[str], data_dir: Path, reporter: Reporter, reading: Reading
) -> Corpus:
    wanted = named or [_DEFAULT]
    if is_large(wanted, reading):
        try:
            return load_large(wanted, data_dir, reporter, reading)
        except NoRoomError as error:
            reporter.note(f"{error}: the text is read into memory instead")
    try:
        with reporter.download(wanted[0]) as progress:
            return load_corpus(wanted, data_dir, open_stdin(), progress, reading)
    except DownloadError as error:
        if named:
            raise
        reporter.note(f"{error}.\nTraining on pydoc instead, the help texts inside Python.")
        return load_corpus([_FALLBACK], data_dir, open_stdin())


def reload_text(
    run: Run,
    recipe: LanguageRecipe,
    source: Sequence[str] | Corpus,
    data_dir: Path,
    reporter: Reporter,
    otherwise: str = "",
) -> Corpus:
    """The text that a run was trained on.

    Args:
        run: the run.
        recipe: the run's.
        source: the text, or what names it now; empty if it is where it was.
        data_dir: where downloads are kept.
        reporter: shows a download.
        otherwise: what else can be done with another text, for the error's message.

    Raises:
        CorpusError: it can't be had again, or is not the same any more.
    """
    if isinstance(source, Corpus):
        corpus = source
    else:
        if not source:
            _require_present(run, recipe)
        named = source or [one.name for one in recipe.sources]
        read = load_text if source else _read_text  # what is where it was needs no notes again
        corpus = read(named, data_dir, reporter, recipe.reading)
    if corpus.sha256 != recipe.corpus_sha256:
        changed = [one.name for one in corpus.sources if one.name != STDIN]
        raise MissingTextError(
            f"{_describe_change(recipe.sources, corpus.sources)} the text that {run.name} was "
            f"trained on: give that text as `corpus`{otherwise}",
            run.name,
            piped=recipe.piped,
            changed=changed[0] if len(changed) == 1 else "",
        )
    return corpus


def load_own_text(named: Sequence[str], path: Path, data_dir: Path, reporter: Reporter) -> Corpus:
    """The text that a checkpoint's run was trained on, from where it is now.

    Args:
        named: what names it there.
        path: the checkpoint's; the run beside it says how the text is read.
        data_dir: where downloads are kept.
        reporter: shows a download.

    Raises:
        CorpusError: it can't be found, read or used.
    """
    reading = AS_USUAL
    with contextlib.suppress(RunError):
        reading = read_progress(Run(path.parent, LANGUAGE), LanguageRecipe).recipe.reading
    return load_text(named, data_dir, reporter, reading)


def load_part(
    part: str,
    path: Path,
    network: Checkpoint,
    source: Sequence[str] | Corpus,
    data_dir: Path,
    reporter: Reporter,
) -> Text:
    """What a network learnt from, or what was held back, by the resume.h5 beside its checkpoint.

    Args:
        part: one of `PARTS`.
        path: the checkpoint's.
        network: the checkpoint.
        source: the whole text, or what names it now; empty if it is where it was.
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
    network: Checkpoint, source: Sequence[str] | Corpus, data_dir: Path, reporter: Reporter
) -> Corpus:
    """The whole text of which the bundled network learnt the first part."""
    if isinstance(source, Corpus):
        corpus = source
    else:
        corpus = load_text(source or [_DEFAULT], data_dir, reporter)
    if corpus.sha256 != network.provenance.corpus_sha256:
        raise CorpusError(
            f"{describe_sources(corpus.sources)} is not the text that the network learnt from, "
            f"{_DEFAULT}: leave out `corpus`"
        )
    return corpus


def list_names(named: str, path: Path, own: Corpus | None, reading: Reading) -> set[str]:
    """The names of the texts that are read, and of those that a network learnt from.

    Args:
        named: what names the text that is read; or one of `PARTS`.
        path: the network's checkpoint.
        own: its whole text, if that was moved.
        reading: how the text is read.

    Returns:
        names as of a `Source`: absolute paths, without links.
    """
    names = {source.name for source in own.sources} if own else set()
    if named not in PARTS:
        names |= {place.name for place in find_places([named], NAMED, reading.glob).texts}
    with contextlib.suppress(RunError):
        recipe = read_progress(Run(path.parent, LANGUAGE), LanguageRecipe).recipe
        names |= {source.name for source in recipe.sources}
    return names


def describe_sources(sources: Sequence[Source]) -> str:
    """What to call a text in a message."""
    return describe_named([source.name for source in sources])


def describe_named(names: Sequence[str]) -> str:
    """What to call the text of these names in a message; none stand for a caller's string."""
    if not names:
        return "the given text"
    first = "standard input" if names[0] == STDIN else names[0]
    more = say_count(len(names) - 1, "other text")
    return f"{first} with {more}" if names[1:] else first


def _describe_change(before: Sequence[Source], now: Sequence[Source]) -> str:
    """The beginning of a sentence that ends in the text that something was trained on."""
    if len(before) < 2 and len(now) < 2:  # noqa: PLR2004 - several
        return f"{describe_sources(now)} is not, or no longer,"
    known, have = ({source.sha256 for source in sources} for sources in (before, now))
    new = [source.name for source in now if source.sha256 not in known]
    gone = [source.name for source in before if source.sha256 not in have]
    if new:
        return f"{describe_named(new)} is not, or no longer, part of"
    if gone:
        return f"{describe_named(gone)} is missing from"
    return f"{describe_sources(now)} is in another order than"


def is_text(named: str, checkpoints: Path, words: Collection[str] = ()) -> bool:
    """Whether a name stands for a text, and not for a run or a checkpoint."""
    path = Path(named)
    is_other = path.is_file() and path.suffix != ".h5" and not is_checkpoint(path)
    return (named in words or is_other) and named not in {
        run.name for run in list_runs(checkpoints, LANGUAGE)
    }


def _require_present(run: Run, recipe: LanguageRecipe) -> None:
    """Raise if a text can't be read again from the places it came from."""
    names = [source.name for source in recipe.sources]
    problems = (_find_problem(name) for name in names if name not in NAMED)
    problem = next(filter(None, problems), "") if names else describe_named(names)
    if problem:
        raise MissingTextError(
            f"{run.name} was trained on {problem}: give that text as `corpus`",
            run.name,
            piped=recipe.piped,
        )


def _find_problem(source: str) -> str:
    """Why a text can't be read again; empty if it can.

    The name may be a stranger's: what it names is not opened unless it can be a run's text.
    """
    if source == STDIN:
        return describe_named([source])
    try:
        size = measure_regular(Path(source))
    except FileNotFoundError:
        return f"{source}, which is no longer there"
    except OSError as error:
        return f"{source}, which can't be read: {error.strerror}"
    if not Path(source).is_absolute() or not size:
        return f"{source}, which is not, or no longer, a text"
    if size > _LARGEST and not is_prepared(Path(source)):
        return f"{source}, which has over {_LARGEST:,} bytes"
    return ""
