"""Notes on stderr: as loud as asked, and readable in a narrow terminal."""

import io
import sys

import pytest

from charrnn.cli.terminal import Terminal
from tests.support.screens import MakeTerminal

NOTE = "shuffled windows give each window the state of an unrelated one"


def test_notes_follow_loudness(capsys: pytest.CaptureFixture[str]) -> None:
    """-q hides notes, -v adds details; both go to stderr."""
    for terminal in (Terminal(), Terminal(verbose=True), Terminal(quiet=True)):
        terminal.note("note")
        terminal.detail("detail")
    assert capsys.readouterr() == ("", "note\nnote\ndetail\n")


@pytest.mark.parametrize("width", [10, 20, 40])
def test_notes_wrap_between_words(make_terminal: MakeTerminal, width: int) -> None:
    """In a narrow terminal no word is cut in two, and none is lost."""
    stderr = make_terminal(width)
    Terminal().note(NOTE)
    lines = stderr.getvalue().splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= width
    assert " ".join(lines) == NOTE


@pytest.mark.parametrize(
    "note", ["a\n\nb", "\nfirst line", "    indented", "--resume my-run --checkpoints a/b-c", ""]
)
def test_a_note_that_fits_stays_as_it_is(make_terminal: MakeTerminal, note: str) -> None:
    """Line ends, empty lines and spaces at a line's beginning are kept."""
    stderr = make_terminal(80)
    Terminal().note(note)
    assert stderr.getvalue() == note + "\n"


def test_long_words_are_not_broken(make_terminal: MakeTerminal) -> None:
    """A path or a flag that is wider than the terminal can still be copied."""
    stderr = make_terminal(10)
    Terminal().note("in checkpoints/my-long-run --checkpoints x")
    assert stderr.getvalue().splitlines() == [
        *("in", "checkpoints/my-long-run", "--checkpoints", "x")
    ]


def test_commands_are_not_broken(make_terminal: MakeTerminal) -> None:
    """A suggested command stays in one line, so that it can be copied, and run, as a whole."""
    stderr = make_terminal(30)
    command = "... | charrnn train - --resume mine --checkpoints 'my runs'"
    Terminal().note(f"stopped: epoch 1 of the run is saved.\nResume with: {command}")
    assert stderr.getvalue().splitlines() == [
        "stopped: epoch 1 of the run is",
        "saved.",
        "Resume with:",
        command,
    ]


def test_notes_do_not_wrap_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log has a line for each note, whatever COLUMNS says."""
    monkeypatch.setenv("COLUMNS", "10")
    Terminal().note(NOTE)
    assert capsys.readouterr().err == NOTE + "\n"


@pytest.mark.parametrize("waits", [False, True])
def test_waiting_for_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, waits: bool
) -> None:
    """If standard input is a terminal, a note says how to end it; a pipe needs none."""
    stdin = io.StringIO()
    monkeypatch.setattr(stdin, "isatty", lambda: waits)
    monkeypatch.setattr(sys, "stdin", stdin)
    Terminal().note_waiting()
    waiting = "reading from standard input; end it with Ctrl-D\n"
    assert capsys.readouterr() == ("", waiting if waits else "")
