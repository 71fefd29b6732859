"""A name, a path, standard input or a string to a corpus, and its two parts."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from charrnn.data.download import Progress, Remote, fetch
from charrnn.data.files import spell_plainly
from charrnn.data.utf8 import BYTE_ORDER_MARK, decode_utf8
from charrnn.data.vocabulary import Ids
from charrnn.errors import CorpusError

SHAKESPEARE = Remote(
    name="shakespeare.txt",
    url="https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
)

STDIN = "-"

_Text = TypeVar("_Text", str, Ids)


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        name: short name, also the first part of a run's name.
        source: what the user gave: a corpus name, an absolute path, `-`, or nothing for a string.
        text: the characters, with the source's line ends.
        sha256: of the source's bytes.
    """

    name: str
    source: str
    text: str
    sha256: str


@dataclass(frozen=True)
class Named:
    """A corpus with a name of its own."""

    description: str
    remote: Remote | None  # None if nothing has to be downloaded
    read: Callable[[Path, Progress | None], bytes]


def _read_shakespeare(data_dir: Path, progress: Progress | None) -> bytes:
    return fetch(SHAKESPEARE, data_dir, progress).read_bytes()


def _read_pydoc(data_dir: Path, progress: Progress | None) -> bytes:  # noqa: ARG001 - one signature
    from pydoc_data.topics import topics

    return "\n".join(topics.values()).encode()


NAMED = {
    "shakespeare": Named("tiny Shakespeare, ASCII", SHAKESPEARE, _read_shakespeare),
    "pydoc": Named("Python's own help topics", None, _read_pydoc),
}


def load_corpus(
    source: str, data_dir: Path, stdin: BinaryIO, progress: Progress | None = None
) -> Corpus:
    """Read the corpus that `source` names.

    Args:
        source: a name in `NAMED`, the path of a UTF-8 text file, or `-` for standard input.
        data_dir: the folder of downloads.
        stdin: read if `source` is `-`.
        progress: called while downloading.

    Raises:
        CorpusError: no such corpus or file, or its content is empty or not UTF-8.
        DownloadError: the corpus had to be downloaded and could not be.
    """
    if source in NAMED:
        return _decode(source, source, NAMED[source].read(data_dir, progress))
    if source == STDIN:
        return _decode("stdin", source, stdin.read())
    path = Path(source)
    return _decode(spell_plainly(path.stem), str(path.resolve()), _read_file(path))


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
    _require_text(text, "the text")
    return Corpus(name, "", text, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def split_text(text: _Text, validation: float) -> tuple[_Text, _Text]:
    """The first part of a text, to train on, and the last `validation` of it, to validate on.

    The border is nanoGPT's, int(N (1 - validation)), so that losses can be compared.
    """
    border = int(len(text) * (1 - validation))
    return text[:border], text[border:]


def _read_file(path: Path) -> bytes:
    if path.is_dir():
        raise CorpusError(f"{path} is a folder: give one text file, or pipe files in with -")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        names = ", ".join(NAMED)
        raise CorpusError(
            f"no file {path}, and no corpus of that name: give a text file, - for standard input, "
            f"or one of {names}"
        ) from error
    except OSError as error:
        raise CorpusError(f"can't read {path}: {error.strerror}") from error


def _decode(name: str, source: str, content: bytes) -> Corpus:
    shown = "standard input" if source == STDIN else source
    text = decode_utf8(content, shown, CorpusError).removeprefix(BYTE_ORDER_MARK)
    _require_text(text, shown)
    return Corpus(name, source, text, hashlib.sha256(content).hexdigest())


def _require_text(text: str, shown: str) -> None:
    if not text:
        raise CorpusError(f"{shown} is empty: give a text of some thousand characters")
