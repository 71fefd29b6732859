"""Texts that are encoded once, into a file that is mapped from then on."""

import contextlib
import hashlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from charrnn.config.fields import require
from charrnn.data.corpus import NAMED, Corpus, find_prepared, load_corpus
from charrnn.data.download import Progress
from charrnn.data.oddities import list_oddities
from charrnn.data.prepared import START, Prepared, is_prepared, read_prepared, write_rest
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.sources import STDIN, find_places
from charrnn.data.stores import FileStore, Store
from charrnn.errors import CorpusError, NoRoomError
from charrnn.planning.report import Reporter, Silence
from charrnn.planning.text_notes import note_text
from charrnn.runs.atomic import remove_leftovers, replace_atomically

ENDING = ".ids"
LARGE = 500_000_000
"""Bytes of text files from which on they are prepared by themselves."""

_FOLDER = "prepared"  # in the folder of downloads
_VERSION = 1  # of how texts are read: with another one all are prepared again


def prepare_text(
    named: Sequence[str],
    out: Path,
    data_dir: Path,
    reporter: Reporter,
    reading: Reading = AS_USUAL,
) -> Corpus:
    """Encode a text into a file, in one pass and in little memory.

    Args:
        named: as in `charrnn.data.corpus.load_corpus`.
        out: the file, whose name ends in `ENDING`; one that is there is replaced if it is a
            prepared text.
        data_dir: where downloads are kept.
        reporter: says what was joined, left out and changed, and what is odd about the text.
        reading: how files are read.

    Returns:
        the text, mapped from the file.

    Raises:
        UsageError: the file has another ending, or is something else.
        CorpusError: the text can't be found, read or used.
        NoRoomError: the file can't be written.
    """
    require(out.suffix == ENDING, f"`out` must end in {ENDING}, not {out.name}")
    remove_leftovers(out.parent, out.name)
    require(
        not out.exists() or is_prepared(out),
        f"{out} is there and is no prepared text, so it is not replaced: give another `out`",
    )
    return _encode(named, out, data_dir, reporter, reading)


def is_large(named: Sequence[str], reading: Reading) -> bool:
    """Whether a text is so large that it is better mapped than read; standard input never is."""
    if STDIN in named or set(named) <= NAMED.keys():
        return False
    places = find_places(named, NAMED, reading.glob).texts
    sizes = [_measure(Path(place.name)) for place in places if place.name not in NAMED]
    return all(sizes) and sum(sizes) >= LARGE and not find_prepared(places)


def has_to_be_prepared(named: Sequence[str], data_dir: Path, reading: Reading) -> bool:
    """Whether reading a text would write a large file."""
    return is_large(named, reading) and not is_prepared(_find_cache(named, data_dir, reading)[0])


def load_large(
    named: Sequence[str], data_dir: Path, reporter: Reporter, reading: Reading
) -> Corpus:
    """The corpus of a large text: mapped from where it was prepared before, or prepared now.

    Of several processes that want it one prepares it, and the others wait.

    Raises:
        CorpusError: it can't be found, read or used.
        NoRoomError: there is no room to prepare it.
    """
    from filelock import FileLock

    path, state = _find_cache(named, data_dir, reading)
    if found := _find_prepared_before(path, state, Silence()):  # its folder may be read-only
        reporter.detail(f"the text is mapped from {path}")
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            remove_leftovers(path.parent, path.name)
            if found := _find_prepared_before(path, state, reporter):
                return found
            reporter.note(
                f"encoding a large text once, into {path}: remove that file when you like"
            )
            corpus = _encode(named, path, data_dir, reporter, reading, state)
    except OSError as error:
        raise NoRoomError(f"can't write {path}: {error.strerror}") from error
    return replace(corpus, prepared=True)


def _find_prepared_before(path: Path, state: str, reporter: Reporter) -> Corpus | None:
    """The corpus in a file, if it is that of the texts as they are now."""
    if not is_prepared(path):
        return None
    try:
        found = read_prepared(path)
    except CorpusError:
        reporter.note(f"{path} is damaged, and is made again")
        return None
    if found.state != state:
        return None
    about = (found.name, found.sources, found.text, found.sha256, found.reading)
    return Corpus(*about, prepared=True)


def _encode(
    named: Sequence[str],
    out: Path,
    data_dir: Path,
    reporter: Reporter,
    reading: Reading,
    state: str = "",
) -> Corpus:
    """Encode a text into a file; the rest is as in `prepare_text`."""
    try:
        with replace_atomically(out) as file, reporter.download(named[0]) as progress:
            store = FileStore(file, START, str(out))
            corpus = _load(named, data_dir, progress, reading, store)
            about = (corpus.text, corpus.name, corpus.sources, corpus.sha256, reading, state)
            write_rest(file, Prepared(*about))
    except OSError as error:
        raise NoRoomError(f"can't write {out}: {error.strerror}") from error
    note_text(corpus, reporter)
    for oddity in list_oddities(corpus):
        reporter.note(f"note: {oddity}")
    return corpus


def _load(
    named: Sequence[str], data_dir: Path, progress: Progress, reading: Reading, store: Store
) -> Corpus:
    """The corpus, its ids in a store; errors of reading are not those of writing."""
    try:
        return load_corpus(named, data_dir, open_stdin(), progress, reading, store)
    except OSError as error:
        raise CorpusError(f"can't read {error.filename or named[0]}: {error.strerror}") from error


def open_stdin() -> BinaryIO:
    """Standard input's bytes; none if it is closed or has none, as in some notebooks."""
    return getattr(sys.stdin, "buffer", None) or io.BytesIO()


def _find_cache(named: Sequence[str], data_dir: Path, reading: Reading) -> tuple[Path, str]:
    """Where a text is prepared by itself, by its files and how they are read; and their state."""
    places = find_places(named, NAMED, reading.glob).texts
    names = [place.name for place in places]
    files = [Path(name) for name in names if name not in NAMED]
    path = data_dir / _FOLDER / (_hash([names, asdict(reading)]) + ENDING)
    return path, _hash([_VERSION, [_take_state(file) for file in files]])


def _hash(values: object) -> str:
    described = json.dumps(values).encode("utf-8", "backslashreplace")
    return hashlib.sha256(described).hexdigest()[:16]


def _take_state(path: Path) -> tuple[int, int]:
    """A file's size and when it was written; zeros if it has gone meanwhile."""
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns
    return 0, 0


def _measure(path: Path) -> int:
    """A file's size; 0 if there is none."""
    return _take_state(path)[0] if path.is_file() else 0
