"""A signal ends the program in order, in a line, and with the exit code that shells know."""

import os
import pty
import signal
from pathlib import Path

import pytest

from charrnn.runs.checkpoint import read_checkpoint
from tests.support.language_runs import find_run
from tests.support.networks import MakeRun
from tests.support.processes import LIMIT, command, environment, read_until, run, started
from tests.support.train_command import SMALL

pytestmark = pytest.mark.usefixtures("ctrl_c_reaches_children")

ENDINGS = [
    (signal.SIGHUP, 129, "charrnn: ended by SIGHUP\n"),
    (signal.SIGINT, 130, "\n"),
    (signal.SIGTERM, 143, "charrnn: ended by SIGTERM\n"),
]
every_signal = pytest.mark.parametrize(("number", "code", "line"), ENDINGS)

SEND_WHILE_IMPORTING = """
import signal
class Send:
    def find_spec(self, name, *_):
        if name == {module!r}:
            signal.raise_signal({number})
sys.meta_path.insert(0, Send())
"""

SEND_IN_A_CALLBACK = """
import signal, weakref
class Gone: ...
class Send:
    def find_spec(self, name, *_):
        if name == "charrnn.cli.program":
            gone = Gone()
            weakref.finalize(gone, lambda: None)
            self.reference = weakref.ref(gone, lambda _: signal.raise_signal({number}))
            del gone
sys.meta_path.insert(0, Send())
"""


@every_signal
@pytest.mark.parametrize("module", ["click", "charrnn.inference.language_model"])
def test_while_the_program_starts(
    make_run: MakeRun, module: str, number: int, code: int, line: str
) -> None:
    """While modules are imported, by the program or by a command, there is no traceback."""
    make_run()
    send = SEND_WHILE_IMPORTING.format(module=module, number=int(number))
    done = run("sample", "abc", "--length", 5, before=send)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (code, b"", line)


@every_signal
def test_where_python_passes_no_exception_on(number: int, code: int, line: str) -> None:
    """In a callback an exception would be shown and forgotten: the program ends there."""
    done = run("data", "list", before=SEND_IN_A_CALLBACK.format(number=int(number)))
    assert (done.returncode, done.stdout, done.stderr.decode()) == (code, b"", line)


@every_signal
@pytest.mark.parametrize("words", [[], ["--adapt", "long.txt", "--adapt-passes", 1000]], ids=repr)
def test_while_it_writes(
    make_run: MakeRun, words: list[object], number: int, code: int, line: str
) -> None:
    """In the middle of a text, or of learning from one, it ends as anywhere."""
    make_run()
    Path("long.txt").write_text("abc" * 10_000, encoding="utf-8")
    noted = "adapting" if words else "sample"
    with started("sample", "abc", "--length", 10**9, *words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        shown = b"" if words else process.stdout.read(10)
        while words and noted.encode() not in shown:
            shown = process.stderr.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == code
    assert errors.decode().splitlines()[-1:] == line.splitlines()
    assert b"Traceback" not in errors


def test_what_is_ignored_stays_ignored(make_run: MakeRun) -> None:
    """Under nohup a closed terminal ends nothing."""
    make_run()
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{}"
    send = SEND_WHILE_IMPORTING.format(module="charrnn.cli.program", number=int(signal.SIGHUP))
    done = run("sample", "abc", "--length", 5, "-q", before=ignore.format(send))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"abc")


def test_the_second_signal_ends_at_once(make_run: MakeRun) -> None:
    """Whatever the program does after the first, the next one needs no Python."""
    make_run()
    stubborn = """
import os, signal
from charrnn.cli.signals import Ended
from charrnn.inference.language import NumpyStepper
def step(*_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except Ended:
        os.kill(os.getpid(), signal.SIGINT)
NumpyStepper.step = step
"""
    done = run("sample", "abc", "--length", 5, "-q", before=stubborn)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


@pytest.mark.slow
def test_a_terminal_that_is_closed_while_training(novel: Path) -> None:
    """Though nothing can be shown any more, the step is ended and the epoch under way is kept."""
    pid, terminal = pty.fork()
    if not pid:  # the leader of a session of its own, which a closed terminal sends SIGHUP
        line = command("train", novel, *SMALL, "--epochs", 10_000, "--run", "mine")
        os.execve(line[0], line, environment(COLUMNS="100"))  # noqa: S606 - its own words
    with os.fdopen(terminal, "rb"):
        read_until(terminal, r"epoch ([2-9]|\d\d+)/10000 \S* *[1-9]\d*/\d+")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 129
    mine = find_run("mine")
    assert mine.list_epochs()
    if mine.interrupted_file.exists():  # else the step was its epoch's last
        kept = read_checkpoint(mine.interrupted_file).provenance
        assert kept.step
        assert kept.epoch == len(mine.list_epochs()) + 1
    assert mine.curves_file.exists()
