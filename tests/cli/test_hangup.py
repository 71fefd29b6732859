"""What writes to a terminal that was closed in the meantime goes on."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from charrnn.cli.hangup import outlive_terminal


@contextmanager
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make stdout and stderr a terminal, of which this is the other end."""
    main, secondary = pty.openpty()
    with os.fdopen(secondary, "w") as stream, monkeypatch.context() as patch:
        for name in ("stdout", "stderr"):
            patch.setattr(sys, name, stream)
        yield main


def write_everywhere() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.write("line é\n")
        stream.flush()


def test_a_closed_terminal_drops_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is open all is shown; when it is closed nothing is, and nothing fails."""
    with open_terminal(monkeypatch) as terminal, outlive_terminal():
        write_everywhere()
        shown = b""
        while shown.count(b"\n") < 2:
            shown += os.read(terminal, 100)
        assert shown.decode() == 2 * "line é\r\n"
        os.close(terminal)
        write_everywhere()


def test_streams_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the block the streams are those from before."""
    with open_terminal(monkeypatch) as terminal:
        before = sys.stdout, sys.stderr
        with outlive_terminal():
            assert sys.stdout is not before[0]
            assert sys.stdout.isatty()
            assert sys.stdout.encoding == before[0].encoding
        assert (sys.stdout, sys.stderr) == before
        os.close(terminal)


def test_a_file_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk behind stdout stays an error."""
    with os.fdopen(os.open("/dev/full", os.O_WRONLY), "w") as stream:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            with outlive_terminal():
                assert sys.stdout is stream
        stream.write("line\n")
        with pytest.raises(OSError, match="No space left"):
            stream.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # so that it can be closed
