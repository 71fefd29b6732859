"""Names, files, standard input or a string to a corpus, and its two parts."""

import hashlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

from charrnn.data.documents import PACKED, find_ending
from charrnn.data.download import Progress, Remote, fetch
from charrnn.data.encodings import UTF8
from charrnn.data.files import open_regular, spell_plainly
from charrnn.data.joining import EmptyTextError, Joiner
from charrnn.data.prepared import is_prepared, read_prepared
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.rows import ENDINGS, SHOWN_ENDINGS
from charrnn.data.sources import (
    EMPTY,
    HIDDEN,
    NO_TEXT,
    OTHER_NAME,
    STDIN,
    Place,
    Skipped,
    Source,
    describe_skipped,
    find_places,
    is_pattern,
    split_pattern,
)
from charrnn.data.stores import MemoryStore, Store
from charrnn.data.text import Text
from charrnn.data.vocabulary import Ids
from charrnn.errors import CorpusError, UsageError

SHAKESPEARE = Remote(
    name="shakespeare.txt",
    url="https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
)

_Text = TypeVar("_Text", Text, Ids)


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        name: short name, also the first part of a run's name.
        sources: the texts that it consists of, in their order; none for a caller's string.
        text: the characters, with the sources' line ends.
        sha256: of the characters in UTF-8.
        reading: how the sources were read.
        skipped: what was found and left out.
        changes: how many characters were made plain, by what they are.
        documents: how many documents, pages and rows of tables were read, by what they are.
        prepared: whether its ids were in a file, so that all that was to be said of it has been.
    """

    name: str
    sources: tuple[Source, ...]
    text: Text
    sha256: str
    reading: Reading = AS_USUAL
    skipped: tuple[Skipped, ...] = ()
    changes: Mapping[str, int] = field(default_factory=dict)
    documents: Mapping[str, int] = field(default_factory=dict)
    prepared: bool = False


@dataclass(frozen=True)
class Named:
    """A corpus with a name of its own."""

    description: str
    remote: Remote | None  # None if nothing has to be downloaded
    open: Callable[[Path, Progress | None], BinaryIO]


def _open_shakespeare(data_dir: Path, progress: Progress | None) -> BinaryIO:
    return fetch(SHAKESPEARE, data_dir, progress).open("rb")


def _open_pydoc(data_dir: Path, progress: Progress | None) -> BinaryIO:  # noqa: ARG001 - a signature
    from pydoc_data.topics import topics

    return io.BytesIO("\n".join(topics.values()).encode())


NAMED = {
    "shakespeare": Named("tiny Shakespeare, ASCII", SHAKESPEARE, _open_shakespeare),
    "pydoc": Named("Python's own help topics", None, _open_pydoc),
}


def load_corpus(
    named: Sequence[str],
    data_dir: Path,
    stdin: BinaryIO,
    progress: Progress | None = None,
    reading: Reading = AS_USUAL,
    store: Store | None = None,
) -> Corpus:
    """Read the texts that names stand for, as one.

    What is named itself must be a text; what is found in a folder or by a pattern is left out if it
    is none. What gzip or zstd compressed is unpacked, and a text that was prepared is mapped.

    Args:
        named: names in `NAMED`, and paths of text files, of folders or with wildcards; or `-` alone
            for standard input.
        data_dir: the folder of downloads.
        stdin: read for `-`.
        progress: called while downloading.
        reading: how files and standard input are read.
        store: where the ids of the text are kept; None for memory.

    Raises:
        CorpusError: there is no such corpus or file; or its content is empty, no text, or of
            another encoding.
        DownloadError: the corpus had to be downloaded and could not be.
        UsageError: the corpora have an encoding of their own, or `-` does not stand alone.
    """
    if reading.encoding != UTF8 and set(named) <= set(NAMED):
        raise UsageError(f"`encoding` is for text files: leave it out for {', '.join(named)}")
    if STDIN in named and len(named) > 1:
        raise UsageError(f"{STDIN} is standard input, which stands alone: pipe all texts into it")
    places = find_places(named, NAMED, reading.glob)
    if reading.text_column and not any(find_ending(one.name) in ENDINGS for one in places.texts):
        raise UsageError(f"`text_column` is for {SHOWN_ENDINGS} files: leave it out")
    if path := find_prepared(places.texts):
        return _map_prepared(path, len(places.texts), reading, kept=store is not None)
    store = MemoryStore() if store is None else store
    joiner, sources = Joiner(reading, store), []
    for place in places.texts:
        try:
            with _open(place, data_dir, stdin, progress) as file:
                encoding = UTF8 if place.name in NAMED else reading.encoding
                sha256 = joiner.add(file, place.name, place.shown, encoding)
            sources.append(Source(place.name, sha256))
        except (CorpusError, OSError) as error:
            problem = _explain(error, place)
            if not place.found:
                raise problem from error
            reason = EMPTY if isinstance(error, EmptyTextError) else NO_TEXT
            places.skip(place.shown, reason, "" if reason == EMPTY else str(problem))
    if not sources:
        raise _explain_nothing(named, places.skipped)
    gathered, sha256 = joiner.finish()
    name = spell_plainly(_choose_name(named))
    return Corpus(
        name,
        tuple(sources),
        gathered.make_text(store),
        sha256,
        reading,
        tuple(places.skipped),
        joiner.changes,
        joiner.documents,
    )


def make_corpus(text: str, name: str = "text") -> Corpus:
    """The corpus of a string that a Python caller has.

    Args:
        text: any characters, lone surrogates too.
        name: short name.

    Returns:
        a corpus without a source, with the hash of its text's UTF-8 bytes.

    Raises:
        CorpusError: the text is empty.
    """
    if not text:
        raise EmptyTextError("the text")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return Corpus(name, (), Text.of(text), digest.hexdigest())


def split_text(text: _Text, validation: float) -> tuple[_Text, _Text]:
    """The first part of a text, to train on, and the last `validation` of it, to validate on.

    The border is nanoGPT's, int(N (1 - validation)), so that losses can be compared.
    """
    border = int(len(text) * (1 - validation))
    return text[:border], text[border:]


def _open(
    place: Place, data_dir: Path, stdin: BinaryIO, progress: Progress | None
) -> AbstractContextManager[BinaryIO]:
    if place.name in NAMED:
        return NAMED[place.name].open(data_dir, progress)
    if place.name == STDIN:
        return nullcontext(stdin)
    return open_regular(Path(place.name)) if place.found else Path(place.shown).open("rb")


def find_prepared(places: Sequence[Place]) -> Path | None:
    """The first file among those that are named themselves that holds a prepared text."""
    paths = (Path(place.name) for place in places if not place.found and place.name not in NAMED)
    return next(filter(is_prepared, paths), None)


def _map_prepared(path: Path, count: int, reading: Reading, *, kept: bool) -> Corpus:
    """The corpus of a text that was prepared, which stands alone.

    Args:
        path: the file.
        count: how many texts are asked for.
        reading: how others would be read.
        kept: whether the ids are to be kept somewhere.

    Raises:
        CorpusError: the file is damaged, or already what it is to become.
        UsageError: it doesn't stand alone, or is to be read in another way.
    """
    if kept:
        raise CorpusError(f"{path} is prepared already")
    if count > 1:
        raise UsageError(f"{path} is a prepared text, which stands alone: prepare all together")
    prepared = read_prepared(path)
    if reading not in {AS_USUAL, prepared.reading}:
        changed = reading.list_changes()[0]
        raise UsageError(f"`{changed}` was decided when {path} was prepared: leave it out")
    source = Source(str(path), prepared.sha256)
    about = (prepared.name, (source,), prepared.text, prepared.sha256, prepared.reading)
    return Corpus(*about, prepared=True)


def _explain(error: CorpusError | OSError, place: Place) -> CorpusError:
    if isinstance(error, CorpusError):
        return error
    if isinstance(error, FileNotFoundError):
        return CorpusError(
            f"no file {place.shown}, and no corpus of that name: give a text file, a folder, - for "
            f"standard input, or one of {', '.join(NAMED)}"
        )
    return CorpusError(f"can't read {place.shown}: {error.strerror}")


def _explain_nothing(named: Sequence[str], skipped: Sequence[Skipped]) -> CorpusError:
    """What is wrong if all that was found was left out."""
    first = min(skipped, key=lambda one: (not one.problem, one.reason in {HIDDEN, OTHER_NAME}))
    alike = [one for one in skipped if one.reason == first.reason]
    problem = first.problem or next(describe_skipped(alike))[0]
    return CorpusError(f"no text in {', '.join(named)}: {problem}")


def _choose_name(named: Sequence[str]) -> str:
    """The short name of what is named: a text's own, or of the folder that has all of them."""
    first, *more = named
    if more and not set(named) & set(NAMED):
        shared = Path(os.path.commonpath(map(os.path.realpath, named)))
        if shared.is_dir() and shared.name:
            return shared.name
    if first == STDIN:
        return "stdin"
    path = Path(first)
    if path.is_dir():
        return Path(os.path.realpath(path)).name or "text"
    if is_pattern(first):
        return _choose_name([str(split_pattern(path)[0])])
    unpacked = path.stem if path.suffix in PACKED else path.name
    return Path(unpacked).stem
