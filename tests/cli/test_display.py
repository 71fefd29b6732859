"""The display of a run: a bar on a terminal, plain lines elsewhere, JSON on demand."""

import json
import math
import re
from collections.abc import Callable, Sequence

import pytest
from rich.cells import cell_len

from charrnn.cli.bars import Pace
from charrnn.cli.display import TrainingDisplay
from charrnn.cli.terminal import Terminal
from charrnn.runs.history import EpochResult
from tests.support.screens import Clock, MakeTerminal

RESULT = EpochResult(epoch=2, train_loss=1.75, validation_loss=1.5, seconds=12.34)
NORMAL = Terminal()
PACE = Pace("chars", 400)

pytestmark = pytest.mark.usefixtures("clock")


def show_nothing(_: int) -> None:
    """Show no sample."""


def show_epoch(
    *,
    terminal: Terminal = NORMAL,
    as_json: bool = False,
    sample: Callable[[int], str | None] = show_nothing,
    result: EpochResult = RESULT,
    best: bool = True,
) -> None:
    """Show epoch 2 of a run of ten epochs, of eight steps of 400 characters."""
    with TrainingDisplay(terminal, 10, 8, PACE, as_json, sample, run="mine") as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 9):
            shown.on_step(step, 3.25 - step / 8)
        shown.on_validation()
        shown.on_epoch_end(result, best)


def show_half_an_epoch(clock: Clock, terminal: Terminal = NORMAL) -> None:
    """Show five steps of eight, of 400 characters and a tenth of a second each."""
    with TrainingDisplay(terminal, 10, 8, PACE, as_json=False) as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 6):
            clock.now += 0.1
            shown.on_step(step, 3.25 - step / 8)


@pytest.mark.parametrize("width", [80, 120])
def test_bar_on_a_terminal(make_terminal: MakeTerminal, clock: Clock, width: int) -> None:
    """The bar shows epoch, steps, characters per second, loss and time left, on one line."""
    stderr = make_terminal(width)
    show_half_an_epoch(clock)
    last = stderr.lines()[-1]
    assert re.match(r"epoch 2/10 .* 5/8 +4,000 chars/s +loss 2\.6250 +00:0\d", last)


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 200])
def test_bar_fits_any_terminal(make_terminal: MakeTerminal, clock: Clock, width: int) -> None:
    """Even if the terminal is narrow, nothing is drawn beyond its edge."""
    stderr = make_terminal(width)
    show_half_an_epoch(clock)
    assert stderr.lines()
    assert max(map(cell_len, stderr.lines())) <= width


def test_bar_on_a_small_terminal_keeps_the_loss(make_terminal: MakeTerminal, clock: Clock) -> None:
    """Half a terminal's width is enough for the epoch and the loss."""
    stderr = make_terminal(40)
    show_half_an_epoch(clock)
    drawn = "\n".join(stderr.lines())
    assert "epoch 2/10" in drawn
    assert "loss 2.6250" in drawn


def test_bar_leaves_nothing_behind(make_terminal: MakeTerminal, clock: Clock) -> None:
    """When the run ends the bar is wiped and the cursor is back."""
    stderr = make_terminal(80)
    show_half_an_epoch(clock)
    end = stderr.getvalue()[-40:]
    assert "\x1b[?25h" in end
    assert end.endswith("\x1b[2K")


def test_validation_is_shown(make_terminal: MakeTerminal) -> None:
    """While the validation text is read, the bar says so, instead of standing still."""
    stderr = make_terminal(80)
    with TrainingDisplay(Terminal(), 10, 8, PACE, as_json=False) as shown:
        shown.on_epoch_begin(1)
        shown.on_step(8, 2.0)
        shown.on_validation()
    assert "validating" in stderr.lines()[-1]


def test_quiet_has_no_bar(make_terminal: MakeTerminal, capsys: pytest.CaptureFixture[str]) -> None:
    """-q keeps a terminal clean too; the result's line is on stdout."""
    stderr = make_terminal(80)
    show_epoch(terminal=Terminal(quiet=True))
    assert stderr.getvalue() == ""
    assert capsys.readouterr().out.startswith("epoch  2/10")


def test_line_of_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    """An epoch's line holds both losses, the perplexity of validation, and marks the best."""
    show_epoch()
    captured = capsys.readouterr()
    assert captured.err == ""
    (line,) = captured.out.splitlines()
    assert (
        line.split()
        == (
            f"epoch 2/10 train 1.7500 validation 1.5000 perplexity {math.exp(1.5):.2f} 12.3 s best"
        ).split()
    )


def test_line_without_validation(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a validation text the perplexity is of training; only the best epoch is marked."""
    show_epoch(result=EpochResult(2, 1.75, None, 3.0), best=False)
    (line,) = capsys.readouterr().out.splitlines()
    expected = f"epoch 2/10 train 1.7500 perplexity {math.exp(1.75):.2f} 3.0 s"
    assert line.split() == expected.split()


def test_lines_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns stay in place from epoch 2 to epoch 10."""
    show_epoch()
    show_epoch(result=EpochResult(10, 1.75, 1.5, 12.34))
    second, tenth = capsys.readouterr().out.splitlines()
    assert second.index("train") == tenth.index("train")


def test_sample_follows_its_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    """A live sample stands below the epoch's line, indented, with its lines kept."""
    show_epoch(sample=lambda epoch: f"To be {epoch}\n\nor not")
    head, *rest = capsys.readouterr().out.splitlines()
    assert head.startswith("epoch")
    assert [line for line in rest if line.strip()] == ["    To be 2", "    or not"]


def test_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one object for an epoch, and the sample within it."""
    show_epoch(as_json=True, sample=lambda _: "a\nb")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "run": "mine",
        "epoch": 2,
        "train_loss": 1.75,
        "validation_loss": 1.5,
        "perplexity": pytest.approx(math.exp(1.5)),
        "seconds": 12.34,
        "read": None,
        "best": True,
        "sample": "a\nb",
    }


def test_json_without_sample_and_validation(capsys: pytest.CaptureFixture[str]) -> None:
    """A loss that was not measured is null, and a sample that is not due is absent."""
    show_epoch(as_json=True, result=EpochResult(2, 1.75, None, 3.0), best=False)
    row = json.loads(capsys.readouterr().out)
    assert row["validation_loss"] is None
    assert row["best"] is False
    assert "sample" not in row


def show_slow_epoch(clock: Clock, terminal: Terminal) -> None:
    """Show eight steps of eight seconds each."""
    with TrainingDisplay(terminal, 10, 8, PACE, as_json=False) as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 9):
            clock.now += 8
            shown.on_step(step, 3.25 - step / 8)


def test_json_of_a_huge_loss(capsys: pytest.CaptureFixture[str]) -> None:
    """A perplexity too large for a number is null, because JSON has no infinity."""
    show_epoch(as_json=True, result=EpochResult(2, 1000.0, 1000.0, 3.0))
    captured = capsys.readouterr().out
    assert "Infinity" not in captured
    assert json.loads(captured)["perplexity"] is None


def test_huge_losses_are_short(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Losses that diverge, of a whole epoch or within it, are not written in full."""
    show_epoch(result=EpochResult(2, 3e30, 4e30, 3.0))
    assert "train 3.0e+30  validation 4.0e+30  perplexity inf" in capsys.readouterr().out
    display = TrainingDisplay(NORMAL, 1, 2, PACE, as_json=False)
    display.on_epoch_begin(1)
    clock.now += 100
    display.on_step(1, 2e30)
    assert "loss 2.0e+30\n" in capsys.readouterr().err


def test_plain_progress_without_a_terminal(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a log file a long epoch is reported in whole lines, now and then, on stderr."""
    show_slow_epoch(clock, NORMAL)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "epoch 2/10, step 3/8, loss 2.8750",
        "epoch 2/10, step 6/8, loss 2.5000, 50 chars/s",
    ]


def test_bar_needs_no_plain_progress(make_terminal: MakeTerminal, clock: Clock) -> None:
    """If there is a bar, a long epoch is not reported in lines as well."""
    stderr = make_terminal(100)
    show_slow_epoch(clock, NORMAL)
    assert not [line for line in stderr.lines() if "step" in line]


def test_plain_progress_of_a_short_epoch(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A short epoch reports nothing before its end."""
    show_half_an_epoch(clock)
    assert capsys.readouterr().err == ""


def test_quiet_has_no_plain_progress(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """-q silences the progress of a long epoch too."""
    show_slow_epoch(clock, Terminal(quiet=True))
    assert capsys.readouterr().err == ""


def show_steps(
    clock: Clock,
    seconds: float,
    *,
    terminal: Terminal = NORMAL,
    steps: int = 20,
    epochs: Sequence[int] = (1,),
    as_json: bool = False,
    shorter: str = "",
) -> None:
    """Show epochs of ten, of steps that take so many seconds, after a minute for the first."""
    with TrainingDisplay(terminal, 10, steps, PACE, as_json, shorter=shorter) as shown:
        clock.now += 60
        for epoch in epochs:
            shown.on_epoch_begin(epoch)
            for step in range(1, steps + 1):
                clock.now += seconds
                shown.on_step(step, 3.0)


def find_estimates(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("about")]


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        ((1, 2, 3), "about 16 min until the end of epoch 10"),  # 188 steps of 5 s
        ((8, 9), "about 4 min until the end of epoch 10"),  # 48 steps
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_the_time_of_a_long_run_is_estimated(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    epochs: Sequence[int],
    expected: str,
    *,
    as_json: bool,
) -> None:
    """Once, on stderr: the time of the remaining steps, without that of compiling."""
    show_steps(clock, 5, epochs=epochs, as_json=as_json)
    captured = capsys.readouterr()
    assert find_estimates(captured.err) == [expected]
    assert captured.out == ""


SHORTER = "; for a shorter run: walk"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3, "about 9 min until the end of epoch 10"),  # 188 steps
        (3.3, f"about 10 min until the end of epoch 10{SHORTER}"),
        (60, f"about 3.1 h until the end of epoch 10{SHORTER}"),
    ],
)
def test_a_very_long_run_is_told_how_to_be_shorter(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, expected: str
) -> None:
    """Beside its time, once, if that is more than ten minutes and there is a way."""
    show_steps(clock, seconds, shorter="walk", epochs=(1, 2))
    assert find_estimates(capsys.readouterr().err) == [expected]
    show_steps(clock, seconds)
    assert find_estimates(capsys.readouterr().err) == [expected.removesuffix(SHORTER)]


def test_a_speed_is_without_compilation(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """From the first line that has one, whatever the first steps took; here 400 chars in 2 s."""
    with TrainingDisplay(NORMAL, 10, 100, PACE, as_json=False) as shown:
        for epoch in (4, 5):
            shown.on_epoch_begin(epoch)
            for step in range(1, 101):
                clock.now += 15 if epoch == 4 and step <= 3 else 2
                shown.on_step(step, 3.0)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert len(lines) > 18
    assert lines[0] == "epoch 4/10, step 2/100, loss 3.0000"
    assert all(line.endswith("loss 3.0000, 200 chars/s") for line in lines[1:])


@pytest.mark.parametrize(("seconds", "said"), [(0.63, False), (0.65, True)])
def test_the_time_of_a_short_run_is_not_estimated(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, *, said: bool
) -> None:
    """What takes two minutes or less, 188 steps here, is only waited for."""
    show_steps(clock, seconds)
    assert (
        find_estimates(capsys.readouterr().err) == ["about 2 min until the end of epoch 10"] * said
    )


@pytest.mark.parametrize(("steps", "said"), [(11, False), (12, True)])
def test_twelve_steps_are_enough_for_an_estimate(
    clock: Clock, capsys: pytest.CaptureFixture[str], steps: int, *, said: bool
) -> None:
    """Fewer steps are too few to estimate from."""
    show_steps(clock, 60, steps=steps)
    assert len(find_estimates(capsys.readouterr().err)) == said


def test_quiet_has_no_estimate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """-q silences the estimate too."""
    show_steps(clock, 60, terminal=Terminal(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_the_estimate_stands_above_the_bar(make_terminal: MakeTerminal, clock: Clock) -> None:
    """On a terminal it has a line of its own."""
    stderr = make_terminal(80)
    show_steps(clock, 5)
    assert [line.strip() for line in stderr.lines() if "about" in line] == [
        "about 16 min until the end of epoch 10"
    ]
