"""Signals that end the program: Ctrl-C, a closed terminal, `kill`."""

import contextlib
import signal
import sys
from typing import NoReturn

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def make_exit_code(number: int) -> int:
    """The exit code of what a signal ended, the way shells say it; 0 stands for Ctrl-C."""
    return 128 + (number or signal.SIGINT)


class Ended(SystemExit):
    """A signal ended the program; no library takes it for an error, and nothing prints it.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(make_exit_code(number))
        self.number = number

    def report(self) -> None:
        """Say so in a line; after Ctrl-C, which the user knows of, only end the line of its ^C."""
        ctrl_c = self.number == signal.SIGINT
        line = "" if ctrl_c else f"charrnn: ended by {signal.Signals(self.number).name}"
        with contextlib.suppress(OSError):  # the terminal may be gone
            sys.stderr.write(f"{line}\n")


def end_on_signals() -> None:
    """Have the first signal raise `Ended`, and the next one end the process without Python.

    One that is ignored, as SIGHUP is by nohup, stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _: object) -> NoReturn:
    for each in SIGNALS:
        if signal.getsignal(each) is _end:
            signal.signal(each, signal.SIG_DFL)
    raise Ended(number)
