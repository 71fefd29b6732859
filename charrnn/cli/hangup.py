"""Going on without a terminal that is closed while a run trains."""

import contextlib
import errno
import io
import sys
from collections.abc import Iterator
from typing import Any


class _Terminal(io.FileIO):
    """A terminal; what is written to it after it was closed is dropped."""

    def write(self, data: Any, /) -> int:
        """Write, or drop."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EIO:  # how a closed terminal answers
                raise
            return memoryview(data).nbytes


@contextlib.contextmanager
def outlive_terminal() -> Iterator[None]:
    """Within the block, stdout and stderr outlive their terminal, and so does what writes there."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_hold, before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _hold(stream: Any) -> Any:
    """A stream that writes where `stream` does, if that is a terminal; else `stream`."""
    if not stream.isatty():
        return stream
    stream.flush()
    raw = _Terminal(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True
    )
