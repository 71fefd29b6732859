"""The displays: a bar on a terminal, plain lines elsewhere, JSON on demand."""

import io
import json
import math
import re
import sys
from collections.abc import Callable, Sequence

import pytest
from rich.cells import cell_len

from charrnn.cli.display import Pace, TrainingDisplay, download_bar, scoring_bar
from charrnn.cli.terminal import Terminal
from charrnn.runs.history import EpochResult

RESULT = EpochResult(epoch=2, train_loss=1.75, validation_loss=1.5, seconds=12.34)


class FakeTerminal(io.StringIO):
    """A terminal that keeps all that was written to it."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Every line that was ever on it, without colours and cursor movements."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())
        return [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


Screen = Callable[[int], FakeTerminal]

NORMAL = Terminal()


class Clock:
    """Stands still but where a test lets time pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Rich's clock and the display's own."""
    mine = Clock()
    monkeypatch.setattr("rich.console.monotonic", mine)
    monkeypatch.setattr("charrnn.cli.display.time.monotonic", mine)
    return mine


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Makes stderr a terminal of that width."""

    def make(width: int) -> FakeTerminal:
        fake = FakeTerminal()
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "stderr", fake)
        return fake

    return make


def nothing(_: int) -> None:
    return None


def show_epoch(
    *,
    terminal: Terminal = NORMAL,
    as_json: bool = False,
    sample: Callable[[int], str | None] = nothing,
    result: EpochResult = RESULT,
    best: bool = True,
) -> None:
    """What a training of ten epochs of eight steps of 400 characters tells in epoch 2."""
    with TrainingDisplay(terminal, 10, 8, Pace("chars/s", 400), as_json, sample) as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 9):
            shown.on_step(step, 3.25 - step / 8)
        shown.on_validation()
        shown.on_epoch_end(result, best)


def show_half_an_epoch(clock: Clock, terminal: Terminal = NORMAL) -> None:
    """Five steps of eight, of 400 characters and a tenth of a second each."""
    with TrainingDisplay(
        terminal, 10, 8, Pace("chars/s", 400), as_json=False, sample=nothing
    ) as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 6):
            clock.now += 0.1
            shown.on_step(step, 3.25 - step / 8)


@pytest.mark.parametrize("width", [80, 120])
def test_bar_on_a_terminal(screen: Screen, clock: Clock, width: int) -> None:
    """The bar shows epoch, steps, characters per second, loss and time left, on one line."""
    stderr = screen(width)
    show_half_an_epoch(clock)
    last = stderr.lines()[-1]
    assert re.match(r"epoch 2/10 .* 5/8 +4,000 chars/s +loss 2\.6250 +00:0\d", last)


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 200])
def test_bar_fits_any_terminal(screen: Screen, clock: Clock, width: int) -> None:
    """However narrow the terminal is, nothing is drawn beyond its edge."""
    stderr = screen(width)
    show_half_an_epoch(clock)
    assert stderr.lines()
    assert max(map(cell_len, stderr.lines())) <= width


def test_bar_on_a_small_terminal_keeps_the_loss(screen: Screen, clock: Clock) -> None:
    """Half a terminal's width is enough for the epoch and the loss."""
    stderr = screen(40)
    show_half_an_epoch(clock)
    drawn = "\n".join(stderr.lines())
    assert "epoch 2/10" in drawn
    assert "loss 2.6250" in drawn


def test_bar_leaves_nothing_behind(screen: Screen, clock: Clock) -> None:
    """When the training ends the bar is wiped and the cursor is back."""
    stderr = screen(80)
    show_half_an_epoch(clock)
    end = stderr.getvalue()[-40:]
    assert "\x1b[?25h" in end
    assert end.endswith("\x1b[2K")


def test_validation_is_shown(screen: Screen) -> None:
    """While the validation text is read the bar says so, instead of standing still."""
    stderr = screen(80)
    with TrainingDisplay(
        Terminal(), 10, 8, Pace("chars/s", 400), as_json=False, sample=nothing
    ) as shown:
        shown.on_epoch_begin(1)
        shown.on_step(8, 2.0)
        shown.on_validation()
    assert "validating" in stderr.lines()[-1]


def test_quiet_has_no_bar(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    """-q keeps a terminal clean too; the result's line is on stdout."""
    stderr = screen(80)
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
    """Without validation text the perplexity is the training's; an epoch that isn't best has no
    mark.
    """
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
        "epoch": 2,
        "train_loss": 1.75,
        "validation_loss": 1.5,
        "perplexity": pytest.approx(math.exp(1.5)),
        "seconds": 12.34,
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
    """Eight steps of eight seconds each."""
    with TrainingDisplay(
        terminal, 10, 8, Pace("chars/s", 400), as_json=False, sample=nothing
    ) as shown:
        shown.on_epoch_begin(2)
        for step in range(1, 9):
            clock.now += 8
            shown.on_step(step, 3.25 - step / 8)


def test_json_of_a_huge_loss(capsys: pytest.CaptureFixture[str]) -> None:
    """A perplexity too large for a number is null, for JSON knows no infinity."""
    show_epoch(as_json=True, result=EpochResult(2, 1000.0, 1000.0, 3.0))
    captured = capsys.readouterr().out
    assert "Infinity" not in captured
    assert json.loads(captured)["perplexity"] is None


def test_huge_losses_are_short(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Losses that exploded, of an epoch or on its way, are not written out."""
    show_epoch(result=EpochResult(2, 3e30, 4e30, 3.0))
    assert "train 3.0e+30  validation 4.0e+30  perplexity inf" in capsys.readouterr().out
    display = TrainingDisplay(NORMAL, 1, 2, Pace("chars/s", 10), as_json=False)
    display.on_epoch_begin(1)
    clock.now += 100
    display.on_step(1, 2e30)
    assert "loss 2.0e+30, " in capsys.readouterr().err


def test_plain_progress_without_a_terminal(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a log file a long epoch is reported in whole lines, now and then, on stderr."""
    show_slow_epoch(clock, NORMAL)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "epoch 2/10, step 3/8, loss 2.8750, 50 chars/s",
        "epoch 2/10, step 6/8, loss 2.5000, 50 chars/s",
    ]


def test_bar_needs_no_plain_progress(screen: Screen, clock: Clock) -> None:
    """Where there is a bar, a long epoch is not reported in lines besides."""
    stderr = screen(100)
    show_slow_epoch(clock, NORMAL)
    assert not [line for line in stderr.lines() if "step" in line]


def test_plain_progress_of_a_short_epoch(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A short epoch has nothing to report before its end."""
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
) -> None:
    """Epochs of ten, of steps that take so many seconds, after a minute for the first."""
    pace = Pace("chars/s", 400)
    with TrainingDisplay(terminal, 10, steps, pace, as_json, nothing) as shown:
        clock.now += 60
        for epoch in epochs:
            shown.on_epoch_begin(epoch)
            for step in range(1, steps + 1):
                clock.now += seconds
                shown.on_step(step, 3.0)


def foretold(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("about")]


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        ((1, 2, 3), "about 16 min until epoch 10 has ended"),  # 188 steps of 5 s
        ((8, 9), "about 4 min until epoch 10 has ended"),  # 48 steps
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_long_training_is_foretold(
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    epochs: Sequence[int],
    expected: str,
    *,
    as_json: bool,
) -> None:
    """Once, on stderr: the time of the steps that are left, without that of compiling."""
    show_steps(clock, 5, epochs=epochs, as_json=as_json)
    captured = capsys.readouterr()
    assert foretold(captured.err) == [expected]
    assert captured.out == ""


@pytest.mark.parametrize(("seconds", "said"), [(0.63, False), (0.65, True)])
def test_a_short_training_is_not_foretold(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, *, said: bool
) -> None:
    """What takes two minutes or less, 188 steps here, is only waited for."""
    show_steps(clock, seconds)
    assert foretold(capsys.readouterr().err) == ["about 2 min until epoch 10 has ended"] * said


@pytest.mark.parametrize(("steps", "said"), [(11, False), (12, True)])
def test_twelve_steps_foretell(
    clock: Clock, capsys: pytest.CaptureFixture[str], steps: int, *, said: bool
) -> None:
    """Fewer steps are too few to go by."""
    show_steps(clock, 60, steps=steps)
    assert len(foretold(capsys.readouterr().err)) == said


def test_quiet_foretells_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """-q silences how long it takes too."""
    show_steps(clock, 60, terminal=Terminal(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_what_is_foretold_stands_above_the_bar(screen: Screen, clock: Clock) -> None:
    """On a terminal it has a line of its own."""
    stderr = screen(80)
    show_steps(clock, 5)
    assert [line.strip() for line in stderr.lines() if "about" in line] == [
        "about 16 min until epoch 10 has ended"
    ]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_download_bar(screen: Screen, width: int) -> None:
    """A download shows its file and how much is there, within the terminal's width."""
    stderr = screen(width)
    with download_bar(Terminal(), "play.txt") as progress:
        progress(250_000, 1_000_000)
    drawn = stderr.lines()
    assert drawn[-1].startswith("play.txt") or drawn[-2].startswith("play.txt")
    assert max(map(cell_len, drawn)) <= width
    if width == 80:
        assert re.search(r" 0\.[23]/1\.0 MB ", drawn[-1])


def test_no_download_no_bar(screen: Screen) -> None:
    """A text that is already here shows no bar."""
    stderr = screen(80)
    with download_bar(Terminal(), "play.txt"):
        pass
    assert stderr.lines() == []


@pytest.mark.parametrize("quiet", [False, True])
def test_download_without_a_terminal_is_silent(
    capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    """A log file gets no bar."""
    with download_bar(Terminal(quiet=quiet), "play.txt") as progress:
        progress(1, 2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_scoring_bar(screen: Screen, clock: Clock, width: int) -> None:
    """A measurement shows its mode, part, characters per second and the time that is left."""
    stderr = screen(width)
    with scoring_bar(Terminal(), "stream", 1000) as progress:
        for _ in range(3):
            clock.now += 0.1
            progress(100)
    drawn = stderr.lines()
    assert max(map(cell_len, drawn)) <= width
    if width >= 80:
        assert re.match(r"stream .* 30% 1,000 chars/s 00:0[01]", drawn[-1])
    assert stderr.getvalue().endswith("\x1b[2K")  # the line is wiped


@pytest.mark.parametrize("quiet", [False, True])
def test_scoring_without_a_terminal_is_silent(
    capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    """A log file gets no bar."""
    with scoring_bar(Terminal(quiet=quiet), "stream", 10) as progress:
        progress(10)
    assert capsys.readouterr() == ("", "")


def test_notes_follow_loudness(capsys: pytest.CaptureFixture[str]) -> None:
    """-q hides notes, -v adds details; both go to stderr."""
    for terminal in (Terminal(), Terminal(verbose=True), Terminal(quiet=True)):
        terminal.note("note")
        terminal.detail("detail")
    assert capsys.readouterr() == ("", "note\nnote\ndetail\n")
