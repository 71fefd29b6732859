"""Bytes to text; other encodings than UTF-8 are an error that says how to convert them."""

from charrnn.errors import CharrnnError

BYTE_ORDER_MARK = "\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decode_utf8(content: bytes, shown: str, error_class: type[CharrnnError]) -> str:
    """The text of UTF-8 bytes, a byte order mark at its start included.

    Args:
        content: the bytes.
        shown: what they are, the subject of the error's message.
        error_class: of the error.

    Raises:
        CharrnnError: of the given class; the bytes are not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        kind = "UTF-16" if content[:2] in _UTF16_MARKS else "LATIN1"
        raise error_class(
            f"{shown} is not UTF-8 text (byte {error.start:,} is 0x{content[error.start]:02x}): if "
            f"it is a text, convert it first, for example with iconv -f {kind} -t UTF-8"
        ) from error
