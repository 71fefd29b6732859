"""A name, a path, standard input or a string to a corpus, and its two parts."""

import hashlib
import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from charrnn.data.decoding import BYTE_ORDER_MARK, decode_blocks
from charrnn.data.download import Progress, Remote, fetch
from charrnn.data.encodings import UTF8, find_encoding
from charrnn.data.files import spell_plainly
from charrnn.data.text import Text, TextGatherer
from charrnn.data.vocabulary import Ids
from charrnn.errors import CorpusError, FolderGivenError, UsageError

SHAKESPEARE = Remote(
    name="shakespeare.txt",
    url="https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
)

STDIN = "-"

_Text = TypeVar("_Text", Text, Ids)


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        name: short name, also the first part of a run's name.
        source: what the user gave: a corpus name, an absolute path, `-`, or nothing for a string.
        text: the characters, with the source's line ends.
        sha256: of the source's bytes.
        encoding: of the source's bytes.
    """

    name: str
    source: str
    text: Text
    sha256: str
    encoding: str = UTF8


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
    source: str,
    data_dir: Path,
    stdin: BinaryIO,
    progress: Progress | None = None,
    encoding: str | None = None,
) -> Corpus:
    """Read the corpus that `source` names.

    Args:
        source: a name in `NAMED`, the path of a text file, or `-` for standard input.
        data_dir: the folder of downloads.
        stdin: read if `source` is `-`.
        progress: called while downloading.
        encoding: of a file or standard input; None for UTF-8.

    Raises:
        CorpusError: no such corpus or file, or its content is empty, no text, or of another
            encoding.
        DownloadError: the corpus had to be downloaded and could not be.
        UsageError: there is no such encoding, or the corpus has its own.
    """
    encoding = find_encoding(encoding or UTF8)
    if source in NAMED:
        if encoding != UTF8:
            raise UsageError(f"`encoding` is for text files: leave it out for {source}")
        return _read(source, source, NAMED[source].open(data_dir, progress), encoding)
    if source == STDIN:
        return _read("stdin", source, nullcontext(stdin), encoding)
    path = Path(source)
    return _read(spell_plainly(path.stem), str(path.resolve()), _open_file(path), encoding)


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
        raise _explain_empty("the text")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return Corpus(name, "", Text.of(text), digest.hexdigest())


def split_text(text: _Text, validation: float) -> tuple[_Text, _Text]:
    """The first part of a text, to train on, and the last `validation` of it, to validate on.

    The border is nanoGPT's, int(N (1 - validation)), so that losses can be compared.
    """
    border = int(len(text) * (1 - validation))
    return text[:border], text[border:]


def _open_file(path: Path) -> BinaryIO:
    if path.is_dir():
        problem = f"{path} is a folder: give one text file, or join its files"
        raise FolderGivenError(problem, str(path))
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        names = ", ".join(NAMED)
        raise CorpusError(
            f"no file {path}, and no corpus of that name: give a text file, - for standard input, "
            f"or one of {names}"
        ) from error
    except OSError as error:
        raise CorpusError(f"can't read {path}: {error.strerror}") from error


def _read(
    name: str, source: str, opened: AbstractContextManager[BinaryIO], encoding: str
) -> Corpus:
    shown = "standard input" if source == STDIN else source
    digest, gathered = hashlib.sha256(), TextGatherer()
    try:
        with opened as file:
            for block, piece in decode_blocks(file.read, shown, encoding):
                digest.update(block)
                gathered.add(piece if len(gathered) else piece.removeprefix(BYTE_ORDER_MARK))
    except OSError as error:
        raise CorpusError(f"can't read {shown}: {error.strerror}") from error
    if not len(gathered):
        raise _explain_empty(shown)
    return Corpus(name, source, gathered.finish(), digest.hexdigest(), encoding)


def _explain_empty(shown: str) -> CorpusError:
    return CorpusError(f"{shown} is empty: give a text of some thousand characters")
