"""Encodings by name, and which of them undecodable bytes are probably in."""

import codecs
import encodings
import pkgutil
import re
import reprlib
from collections.abc import Collection, Iterator
from functools import cache

from charrnn.errors import UsageError

UTF8 = "utf-8"

_NOT_OF_FILES = {"charmap", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"}
_LIKELY = 0.5  # of the characters beyond ASCII that are expected in an encoding
_MOST_GUESSES = 3
_ASCII_LETTERS = re.compile(rb"[A-Za-z]")
_BEYOND = re.compile(rb"[\x80-\xff]")

# What most characters beyond ASCII are, in a text that an encoding was made for.
_PUNCTUATION = "\u00a0«»“”„‘’–—…•€"
_WESTERN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÄÉÖÜÇ¡¿°£§" + _PUNCTUATION
_RUSSIAN = "оеаинтсрвлкмд«»—№"
_LATIN = {
    "cp1252": _WESTERN,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "cp1250": "ąćęłńóśźżáčďéěíňřšťúůýžäôöőüűăâîșțşţŁŚŻČŘŠŽ" + _PUNCTUATION,
    "cp1254": "âçğıîöşüûÇĞİÖŞÜ" + _PUNCTUATION,
}
_OTHERS = {
    "cp1251": _RUSSIAN,
    "koi8-r": _RUSSIAN,
    "cp866": _RUSSIAN,
    "cp1253": "αειοτσνςηυρπκμλάέίόή",
    "cp1255": "אבגדהוזחטיכלמנסעפצקרשתםןךףץ",
    "cp1256": "اليمنوترهبدسعةك",
}
# The rows of a table, by first byte, that hold the commonest characters; and whose they are.
_COMMON_ROWS = {
    "euc_kr": ("euc_kr", range(0xB0, 0xC9)),
    "euc_jp": ("euc_jp", (0xA4, 0xA5, *range(0xB0, 0xD0))),
    "cp932": ("euc_jp", (0xA4, 0xA5, *range(0xB0, 0xD0))),
    "gb18030": ("gb2312", range(0xB0, 0xD8)),
    "big5": ("big5", range(0xA4, 0xC7)),
}
_FULL_WIDTH = set(map(chr, (*range(0x3000, 0x3020), *range(0xFF00, 0xFF60))))


def find_encoding(name: object) -> str:
    """Python's own name of a text encoding.

    Raises:
        UsageError: there is no such encoding, or it is not one of text files.
    """
    if (
        encodings.normalize_encoding(str(name)).lower() not in _list_names()
    ):  # else Python imports it
        raise _explain_unknown(name)
    try:
        encoding = codecs.lookup(str(name)).name
        " ".encode(encoding)  # fails for codecs that are not of text
    except (LookupError, ValueError) as error:
        raise _explain_unknown(name) from error
    if encoding in _NOT_OF_FILES:
        raise _explain_unknown(name)
    return encoding


@cache
def _list_names() -> frozenset[str]:
    """The names of Python's own encodings; a stranger's file may hold any other."""
    modules = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
    return frozenset({*modules, *encodings.aliases.aliases})


def guess_encodings(content: bytes) -> list[str]:
    """The encodings that a text's bytes are probably in, the likeliest first; perhaps none.

    Args:
        content: a piece that begins with a whole character, some of them beyond ASCII.
    """
    mostly_ascii = len(_ASCII_LETTERS.findall(content)) > len(_BEYOND.findall(content))
    expected = (_LATIN if mostly_ascii else {}) | _OTHERS | dict(_list_common())
    shares = {name: _rate(content, name, common) for name, common in expected.items()}
    likely = [name for name, share in shares.items() if share >= _LIKELY]
    return sorted(likely, key=lambda name: -shares[name])[:_MOST_GUESSES]


def _rate(content: bytes, encoding: str, expected: Collection[str]) -> float:
    """Which share of the characters beyond ASCII are expected ones; 0 if the bytes are invalid."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        return 0
    beyond = [character for character in text if character > "\x7f"]
    return sum(character in expected for character in beyond) / max(1, len(beyond))


def _list_common() -> Iterator[tuple[str, Collection[str]]]:
    for name, (table, firsts) in _COMMON_ROWS.items():
        pairs = (bytes((first, second)) for first in firsts for second in range(0x40, 0xFF))
        yield name, _FULL_WIDTH | {pair.decode(table, "ignore") for pair in pairs}


def _explain_unknown(name: object) -> UsageError:
    return UsageError(
        f"`encoding` can't be {reprlib.repr(name)}: give a text encoding that Python knows, such "
        "as utf-8, utf-16, cp1252, latin-1 or gb18030"
    )
