"""The lines of a text in any encoding, as they arrive."""

from collections.abc import Callable, Iterator

from charrnn.data.decoding import BYTE_ORDER_MARK, decode_blocks
from charrnn.data.encodings import UTF8
from charrnn.errors import CharrnnError


def decode_lines(
    read: Callable[[int], bytes],
    shown: str,
    name_line: Callable[[int], str],
    error_class: type[CharrnnError],
    encoding: str = UTF8,
    longest: int | None = None,
) -> Iterator[list[str]]:
    """Yield the lines that have ended, without their line feeds, each time that bytes arrive.

    Args:
        read: gives the next bytes, at most so many; none at the end.
        shown: what they are, the subject of an error's message.
        name_line: what to call a line in it, by its number from 1.
        error_class: of the error.
        encoding: of the text; a byte order mark at its start is left out.
        longest: characters after which a line that has not ended is given as if it had.

    Raises:
        CharrnnError: of the given class; they are no plain text, or of another encoding. The lines
            before that are yielded first.
    """
    begun: list[str] = []  # pieces of the line under way
    number, mark = 1, BYTE_ORDER_MARK

    def locate() -> tuple[str, int]:
        before = "".join(begun).encode(encoding, "replace")
        return name_line(number), len(before) - len("".encode(encoding))

    for _, text in decode_blocks(read, shown, encoding, error_class, locate):
        piece, *rest = text.removeprefix(mark).split("\n")
        mark = "" if text else mark
        begun.append(piece)
        if rest:
            lines = ["".join(begun), *rest[:-1]]
            number += len(lines)
            begun = rest[-1:]
            yield lines
        if longest is not None and sum(map(len, begun)) > longest:
            yield ["".join(begun)]
            begun = []
    if last := "".join(begun):
        yield [last]
