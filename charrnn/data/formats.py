"""What a file is that is no plain text, by its first bytes."""

import re

_ARCHIVE = "compressed: unpack it"
_DOCUMENT = "no plain text: save its text as a .txt file"
_NO_TEXT = "no text: give a text file"

# The beginning of a file, what it is, and what to do.
_FORMATS = (
    (rb"%PDF-", "a PDF document", _DOCUMENT),
    (rb"\{\\rtf", "an RTF document", _DOCUMENT),
    (rb"PK\x03\x04.{26}mimetypeapplication/epub", "an EPUB book", _DOCUMENT),
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", "an OpenDocument file", _DOCUMENT),
    (rb"PK\x03\x04.{,4000}?(word/|\[Content_Types\]|_rels/)", "an Office document", _DOCUMENT),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", _DOCUMENT),
    (rb".{60}BOOKMOBI", "a Kindle book", _DOCUMENT),
    (rb"PK\x03\x04|PK\x05\x06", "a zip archive", _ARCHIVE),
    (rb"\x1f\x8b", "a gzip file", _ARCHIVE),
    (rb"BZh[1-9]1AY&SY", "a bzip2 file", _ARCHIVE),
    (rb"\xfd7zXZ\x00", "an xz file", _ARCHIVE),
    (rb"\x28\xb5\x2f\xfd", "a zstd file", _ARCHIVE),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", _ARCHIVE),
    (rb"Rar!\x1a\x07", "a RAR archive", _ARCHIVE),
    (rb".{257}ustar[\x00 ]", "a tar archive", _ARCHIVE),
    (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|II\*\x00|MM\x00\*", "an image", _NO_TEXT),
    (
        rb"RIFF.{4}(WAVE|AVI )|ID3[\x02-\x04]\x00|OggS\x00|fLaC\x00|.{4}ftyp",
        "sound or video",
        _NO_TEXT,
    ),
    (rb"SQLite format 3\x00", "an SQLite database", _NO_TEXT),
    (rb"\x7fELF|MZ\x90\x00", "a program", _NO_TEXT),
    (rb"\x89HDF\r\n|\x93NUMPY", "an array file", _NO_TEXT),
    (rb"charrnn [a-z ]+\nformat \d", "a trained network", _NO_TEXT),
)
_KNOWN = [(re.compile(start, re.DOTALL), kind, advice) for start, kind, advice in _FORMATS]
_MARKUP = re.compile(r"\s*<(!doctype html|html|\?xml)\b", re.IGNORECASE)


def recognize_format(start: bytes) -> str:
    """What a file is, and what to do with it, if it is no plain text; else empty.

    Args:
        start: its first bytes, some thousand if it has so many.
    """
    for pattern, kind, advice in _KNOWN:
        if pattern.match(start):
            return f"{kind}, {advice}"
    return ""


def is_markup(start: str) -> bool:
    """Whether a text is a web page or XML, by its first characters."""
    return bool(_MARKUP.match(start))
