"""Texts that are encoded once, into a file that is mapped from then on."""

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
from charrnn.data.files import take_fingerprint
from charrnn.data.oddities import list_oddities
from charrnn.data.prepared import START, Prepared, is_prepared, read_prepared, write_rest
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.sources import STDIN, find_places
from charrnn.data.stores import FileStore
from charrnn.errors import CorpusError, NoRoomError
from charrnn.planning.report import Reporter
from charrnn.planning.text_notes import note_text
from charrnn.runs.atomic import replace_atomically

ENDING = ".ids"
LARGE = 500_000_000
"""Bytes of text files from which on they are prepared by themselves."""

_FOLDER = "prepared"  # in the folder of downloads


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
    require(
        not out.exists() or is_prepared(out),
        f"{out} is there and is no prepared text, so it is not replaced: give another `out`",
    )
    try:
        with replace_atomically(out) as file, reporter.download(named[0]) as progress:
            store = FileStore(file, START, str(out))
            corpus = load_corpus(named, data_dir, open_stdin(), progress, reading, store)
            about = (corpus.text, corpus.name, corpus.sources, corpus.sha256)
            write_rest(file, Prepared(*about))
    except OSError as error:
        raise NoRoomError(f"can't write {out}: {error.strerror}") from error
    note_text(corpus, reporter)
    for oddity in list_oddities(corpus):
        reporter.note(f"note: {oddity}")
    return corpus


def is_large(named: Sequence[str], reading: Reading) -> bool:
    """Whether a text is so large that it is better mapped than read; standard input never is."""
    if STDIN in named or set(named) <= NAMED.keys():
        return False
    places = find_places(named, NAMED, reading.glob).texts
    paths = [Path(place.name) for place in places if place.name not in NAMED]
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return size >= LARGE and not find_prepared(places)


def load_large(
    named: Sequence[str], data_dir: Path, reporter: Reporter, reading: Reading
) -> Corpus:
    """The corpus of a large text: mapped from where it was prepared before, or prepared now.

    Raises:
        CorpusError: it can't be found, read or used.
        NoRoomError: there is no room to prepare it.
    """
    path = data_dir / _FOLDER / (_name_cache(named, reading) + ENDING)
    if is_prepared(path):
        try:
            found = read_prepared(path)
        except CorpusError as error:
            reporter.note(f"{error}")
        else:
            reporter.detail(f"the text is mapped from {path}")
            about = (found.name, found.sources, found.text, found.sha256, reading)
            return Corpus(*about, prepared=True)
    reporter.note(f"encoding a large text once, into {path}: remove that file when you like")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoRoomError(f"can't write {path}: {error.strerror}") from error
    corpus = prepare_text(named, path, data_dir, reporter, reading)
    return replace(corpus, prepared=True)


def open_stdin() -> BinaryIO:
    """Standard input's bytes; none if it is closed or has none, as in some notebooks."""
    return getattr(sys.stdin, "buffer", None) or io.BytesIO()


def _name_cache(named: Sequence[str], reading: Reading) -> str:
    """A name that changes with the files, their state, and how they are read."""
    files = [
        (place.name, take_fingerprint(Path(place.name).stat()))
        for place in find_places(named, NAMED, reading.glob).texts
        if place.name not in NAMED
    ]
    described = json.dumps([files, asdict(reading)]).encode("utf-8", "backslashreplace")
    return hashlib.sha256(described).hexdigest()[:16]
