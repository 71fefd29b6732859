"""What the user learns when a run ends before its time: what is kept, and how to resume it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from charrnn.cli.interruption import describe_stop, explain_stop
from charrnn.cli.signals import SIGNALS
from charrnn.cli.terminal import Terminal
from charrnn.errors import DivergedError, RunError, TrainingError
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from charrnn.runs.point import Point
from charrnn.runs.run import Run
from charrnn.training.stop import Interrupted, Signals
from tests.support.commands import parse_command
from tests.support.kinds import make_run, write_resume_file
from tests.support.screens import MakeTerminal

RESUME = "charrnn train --resume mine"
USE = "Read what it writes: charrnn sample --run mine"
POINT = Point(2, 2.75, 30.0)
RESULTS = [EpochResult(epoch, 2.5, 2.25, 1.0) for epoch in (1, 2)]


@pytest.fixture
def young_run() -> Run:
    """A run without any file."""
    return make_run(Path("checkpoints"), LANGUAGE, "mine")


# What is kept


def test_nothing_is_kept(young_run: Run) -> None:
    """A run that was stopped before its first step can only be started anew."""
    kept = describe_stop(young_run, 9, RESUME, USE)
    assert kept == "stopped before training began: nothing is kept. Give the command again."


@pytest.mark.parametrize(
    ("epochs", "point", "kept", "resume"),
    [
        (0, None, "stopped before the first epoch ended", "Start again"),
        (0, POINT, "stopped: epoch 1, up to step 2 of 9, is saved", "Resume with"),
        (2, None, "stopped: epoch 2 is saved", "Resume with"),
        (2, POINT, "stopped: epoch 3, up to step 2 of 9, is saved", "Resume with"),
    ],
)
def test_what_is_kept(
    young_run: Run, epochs: int, point: Point | None, kept: str, resume: str
) -> None:
    """It says where a resume goes on, and names a use if there is a network to use."""
    write_resume_file(young_run, *RESULTS[:epochs], point=point)
    lines = [f"{kept}.", f"{resume}: {RESUME}"]
    use = [USE] if epochs or point else []
    assert describe_stop(young_run, 9, RESUME, USE).splitlines() == lines + use


# How a run ends


@contextmanager
def explain(
    run: Run, *words: str, terminal: Terminal | None = None, piped: bool = False
) -> Iterator[Signals]:
    """A run of nine steps an epoch, under `charrnn train` with these words."""
    context = parse_command("train", *words)
    shown = terminal or Terminal()
    with explain_stop(shown, run, 9, context, piped=piped) as interrupted:
        yield interrupted


def step_and_stop(interrupted: Signals, *numbers: int) -> None:
    """Let a step pass, send these signals, and let the run end after its next step."""
    interrupted()
    for number in numbers:
        signal.raise_signal(number)
    raise Interrupted


def test_a_run_that_ends_well(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody asked it to stop, and there is nothing to say."""
    with explain(young_run) as interrupted:
        assert not interrupted()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stop", [Interrupted(), KeyboardInterrupt()], ids=repr)
def test_an_interrupted_run(
    young_run: Run, capsys: pytest.CaptureFixture[str], stop: BaseException
) -> None:
    """It ends with the exit code of Ctrl-C, after a note of what is kept."""
    write_resume_file(young_run, RESULTS[0], point=POINT)
    with pytest.raises(click.exceptions.Exit) as ended, explain(young_run):
        raise stop
    assert ended.value.exit_code == 130
    lines = ["stopped: epoch 2, up to step 2 of 9, is saved.", f"Resume with: {RESUME}", USE]
    assert capsys.readouterr() == ("", "\n".join(lines) + "\n")


every_signal = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)


@every_signal
def test_a_signal_asks_the_run_to_stop(
    young_run: Run, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    """The first one is only noted, so that a step can end; handlers are put back afterwards."""
    before = [signal.getsignal(one) for one in SIGNALS]
    with explain(young_run) as interrupted:
        assert not interrupted()
        signal.raise_signal(number)
        assert interrupted()
        assert 128 + interrupted.number == code
    note = "stopping after this step; press Ctrl-C again to stop at once\n"
    assert capsys.readouterr() == ("", note)
    assert [signal.getsignal(one) for one in SIGNALS] == before


@every_signal
def test_a_signal_ends_a_run(
    young_run: Run, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    """Whichever it was, the end is that of Ctrl-C, but for the exit code."""
    write_resume_file(young_run, RESULTS[0])
    with pytest.raises(click.exceptions.Exit) as ended, explain(young_run) as interrupted:
        step_and_stop(interrupted, number)
    assert ended.value.exit_code == code
    assert f"Resume with: {RESUME}\n" in capsys.readouterr().err


@every_signal
def test_a_signal_before_the_first_step(
    young_run: Run, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    """While a network is built there is nothing to lose: the run ends at once, in a line."""
    with pytest.raises(click.exceptions.Exit) as ended, explain(young_run):
        signal.raise_signal(number)
    assert ended.value.exit_code == code
    line = "stopped before training began: nothing is kept. Give the command again.\n"
    assert capsys.readouterr() == ("", line)


@every_signal
def test_a_second_signal_stops_at_once(
    young_run: Run, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    """The step under way is given up, and the note claims nothing of it."""
    write_resume_file(young_run, RESULTS[0])
    with pytest.raises(click.exceptions.Exit) as ended, explain(young_run) as interrupted:
        step_and_stop(interrupted, number, signal.SIGTERM)
    assert ended.value.exit_code == code
    assert "stopped: epoch 1 is saved.\n" in capsys.readouterr().err


def test_the_note_stands_below_the_bar(young_run: Run, make_terminal: MakeTerminal) -> None:
    """Ctrl-C leaves ^C in the bar's line, so the note begins a new one."""
    stderr = make_terminal(80)
    with explain(young_run) as interrupted:
        interrupted()
        signal.raise_signal(signal.SIGINT)
    assert stderr.getvalue().startswith("\nstopping after this step")


def test_quiet_keeps_quiet(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """-q silences notes; the exit code still says that the run was interrupted."""
    with (
        pytest.raises(click.exceptions.Exit) as ended,
        explain(young_run, terminal=Terminal(quiet=True)) as interrupted,
    ):
        step_and_stop(interrupted, signal.SIGINT)
    assert ended.value.exit_code == 130
    assert capsys.readouterr() == ("", "")


def test_a_piped_text_is_piped_in_again(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that reads standard input is resumed by a command that does so too."""
    write_resume_file(young_run, RESULTS[0])
    with pytest.raises(click.exceptions.Exit), explain(young_run, piped=True):
        raise Interrupted
    resume = "Resume with: ... | charrnn train - --resume mine\n"
    assert resume in capsys.readouterr().err


def test_typed_folders_are_repeated(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands look where this one did."""
    write_resume_file(young_run, RESULTS[0])
    with pytest.raises(click.exceptions.Exit), explain(young_run, "--checkpoints", "my runs"):
        raise Interrupted
    _, resume, use = capsys.readouterr().err.splitlines()
    assert resume == f"Resume with: {RESUME} --checkpoints 'my runs'"
    assert use == f"{USE} --checkpoints 'my runs'"


def test_a_full_disk(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The error stays the error; what is kept stands above it."""
    write_resume_file(young_run, *RESULTS)
    with pytest.raises(OSError, match="No space left"), explain(young_run):
        raise OSError(28, "No space left on device")
    lines = ["stopped: epoch 2 is saved.", f"Resume with: {RESUME}", USE]
    assert capsys.readouterr().err.splitlines() == lines


def test_a_diverged_run(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The error becomes a line with a command that changes the settings to blame."""
    write_resume_file(young_run, RESULTS[0])
    diverged = DivergedError(2, {"learning_rate": 0.005, "clip_norm": 1.0})
    with pytest.raises(TrainingError) as ended, explain(young_run, "--checkpoints", "my runs"):
        raise diverged
    assert str(ended.value) == (
        "the loss became NaN or infinite in epoch 2; earlier epochs are kept. Resume with: "
        f"{RESUME} --checkpoints 'my runs' --learning-rate 0.005 --clip-norm 1"
    )
    assert ended.value.__cause__ is diverged
    assert capsys.readouterr() == ("", "")


def test_other_errors_pass(young_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that ends the run for another reason has its own message."""
    with pytest.raises(RunError, match="another process"), explain(young_run):
        raise RunError("another process trains it")
    assert capsys.readouterr() == ("", "")


def test_each_kind_has_its_own_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """A classifier is resumed and used by commands for classifiers."""
    run = make_run(Path("checkpoints"), CLASSIFIER, "critic")
    write_resume_file(run, RESULTS[0])
    context = parse_command("classify", "imdb")
    with (
        pytest.raises(click.exceptions.Exit),
        explain_stop(Terminal(), run, 9, context, piped=False),
    ):
        raise Interrupted
    _, resume, use = capsys.readouterr().err.splitlines()
    assert resume == "Resume with: charrnn classify imdb --resume critic"
    assert use == 'Ask it: charrnn classify predict --run critic "What a film!"'
