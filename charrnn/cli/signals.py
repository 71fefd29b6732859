"""Signals that end the program: Ctrl-C, a closed terminal, `kill`."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Ended(SystemExit):
    """A signal ended the program; no library takes it for an error, and nothing prints it.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(make_exit_code(number))
        self.number = number


def make_exit_code(number: int) -> int:
    """The exit code of what a signal ended, the way shells say it; 0 stands for Ctrl-C."""
    return 128 + (number or signal.SIGINT)


@contextlib.contextmanager
def end_in_order() -> Iterator[None]:
    """Have the first signal raise `Ended`, with a line, and the next end the process at once.

    One that is ignored, as SIGHUP is by nohup, stays ignored.
    """
    sys.unraisablehook = _end_at_once
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        yield
    except Ended as ended:
        _report(ended)
        raise


def _end(number: int, _: object) -> NoReturn:
    for each in SIGNALS:
        if signal.getsignal(each) is _end:
            signal.signal(each, signal.SIG_DFL)
    raise Ended(number)


def _end_at_once(unraisable: Any) -> None:
    """End where Python can't pass an exception on, such as in callbacks while it imports."""
    if isinstance(unraisable.exc_value, Ended):
        _report(unraisable.exc_value)
        os._exit(make_exit_code(unraisable.exc_value.number))
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):  # which a run has taken note of
        sys.__unraisablehook__(unraisable)


def _report(ended: Ended) -> None:
    """Say so in a line; after Ctrl-C, which the user knows of, only end the line of its ^C."""
    ctrl_c = ended.number == signal.SIGINT
    line = "" if ctrl_c else f"charrnn: ended by {signal.Signals(ended.number).name}"
    with contextlib.suppress(OSError):  # the terminal may be gone
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
