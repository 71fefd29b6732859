"""A text to a language model's ids, with unknown characters rejected or left out."""

from charrnn.config.fields import require
from charrnn.data.byte_vocabulary import AnyVocabulary
from charrnn.data.text import Text
from charrnn.data.vocabulary import Ids
from charrnn.errors import UsageError, VocabularyError

UNKNOWN = ("error", "skip")
"""What can be done about characters that a network doesn't know."""


def encode_text(vocabulary: AnyVocabulary, text: str | Text, unknown: str = "error") -> Ids:
    """Encode a text.

    Args:
        vocabulary: the network's.
        text: any text.
        unknown: "error" rejects characters outside the vocabulary, "skip" leaves them out.

    Returns:
        Ids, shape (N,).

    Raises:
        UsageError: `unknown` is neither.
        VocabularyError: characters outside the vocabulary; the message names them.
    """
    if unknown not in UNKNOWN:
        raise UsageError(f'`unknown` must be "error" or "skip", not {unknown!r}')
    skip = unknown == "skip"
    try:
        if isinstance(text, Text):
            return text.encode(vocabulary, skip=skip)
        return vocabulary.encode(vocabulary.drop_unknown(text) if skip else text)
    except VocabularyError as error:
        raise VocabularyError(f"{error}; to leave them out, set `unknown` to skip") from error


def encode_prompt(vocabulary: AnyVocabulary, prompt: str, unknown: str = "error") -> Ids:
    """Encode a prompt; arguments and errors as in `encode_text`.

    Returns:
        Ids, shape (N,), N at least 1: a prompt with no characters becomes a line end or, if the
        network doesn't know that, the first character of its vocabulary.
    """
    ids = encode_text(vocabulary, prompt, unknown)
    if len(ids):
        return ids
    return vocabulary.encode("\n" if "\n" in vocabulary else vocabulary.symbols[0])


def check_stop(vocabulary: AnyVocabulary, stop: str | None) -> None:
    """Reject a text to stop at that no text can end with.

    Raises:
        UsageError: it is empty.
        VocabularyError: the network can't write some of its characters; the message names them.
    """
    if stop is None:
        return
    require(stop != "", "`stop` is empty: give a text of at least one character, or leave it out")
    try:
        vocabulary.require_known(stop)
    except VocabularyError as error:
        raise VocabularyError(f"`stop` would never be written: {error}") from error
