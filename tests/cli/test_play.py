"""`charrnn play`: lines are answered, one after another, at a keyboard or from a pipe."""

import errno
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from charrnn.cli.play import _watch_ctrl_c
from charrnn.cli.terminal import Terminal
from charrnn.cli.turns import Turns
from charrnn.inference.language_model import load_model
from tests.support.commands import Fails, Invoke
from tests.support.networks import MakeRun
from tests.support.processes import command, environment, read_until

Play = Callable[..., tuple[str, str]]


@pytest.fixture
def play(invoke: Invoke, make_run: MakeRun) -> Play:
    """stdout and stderr of these lines, ten characters a turn, seed 1."""
    make_run(cell="lstm")

    def type_lines(*lines: str) -> tuple[str, str]:
        typed = "".join(f"{line}\n" for line in lines).encode()
        result = invoke("play", "tiny", "--length", 10, "--seed", 1, stdin=typed)
        assert result.exit_code == 0, result.output
        return result.stdout, result.stderr

    return type_lines


def test_words_are_continued(play: Play, make_run: MakeRun) -> None:
    """What is typed is read, with a line end for a last backslash, and the network goes on."""
    model = load_model(make_run(cell="lstm"))
    out, _ = play("ab\\", "/text")
    written = model.generate("ab\n", 10, seed=1)
    shown = written if written.endswith("\n") else f"{written}\n"
    assert out == f"{shown}ab\n{shown}"


def test_enter_lets_the_network_go_on(play: Play, make_run: MakeRun) -> None:
    """An empty line is a turn of the network's, from the state where the last one ended."""
    model = load_model(make_run(cell="lstm"))
    out, _ = play("ab", "", "", "/text")
    assert out.endswith("ab" + model.generate("ab", 30, seed=1).rstrip("\n") + "\n")


def test_a_slash_can_be_typed(invoke: Invoke, make_run: MakeRun) -> None:
    """Two slashes begin words with one."""
    make_run(characters="\n/ab", cell="rnn")
    result = invoke("play", "--length", 0, stdin=b"//ab\n/text\n")
    assert result.stdout == "\n/ab\n"


@pytest.mark.parametrize(
    ("setting", "arguments"),
    [
        ("/temp 0", {"temperature": 0}),
        ("/top-k 2", {"top_k": 2}),
        ("/top-p 0.3", {"top_p": 0.3}),
        ("/seed 5", {"seed": 5}),
        ("/length 40", {"length": 40}),
    ],
)
def test_settings(play: Play, make_run: MakeRun, setting: str, arguments: dict[str, float]) -> None:
    """Each setting has the effect that it has in `generate`."""
    model = load_model(make_run(cell="lstm"))
    given = {"length": 10, "seed": 1} | arguments
    written = model.generate("ab", **given)  # type: ignore[call-overload]
    out, _ = play(setting, "ab")
    assert out.removesuffix("\n") == written.removesuffix("\n")
    assert play("ab")[0] != out


def test_undo_and_again(play: Play) -> None:
    """/again writes another version of the last turn, /undo leaves no trace of one."""
    out, _ = play("ab", "/again", "/text")
    first, second = out[:10], out.removesuffix("\n")[-10:]
    assert first != second
    assert "ab" + second in out
    assert "ab" + first not in out
    out, notes = play("ab", "/undo", "/undo", "/text")
    assert out.removesuffix("\n").count("\n") - out[:10].count("\n") <= 1
    assert "took back 10 characters\nthe text ends with: ab\n" in notes
    assert "took back 2 characters\nthe text is empty\n" in notes


def test_choosing(play: Play) -> None:
    """Of several proposals the one whose number is typed becomes part of the text, or none."""
    out, notes = play("ab", "/choose 3", "9", "2", "/text")
    shown = {number: out.split(f"[{number}] ")[1][:10] for number in (1, 2, 3)}
    assert len(set(shown.values())) == 3
    assert out.removesuffix("\n").endswith(shown[2].removesuffix("\n"))
    assert "type a number from 1 to 3" in notes
    out, _ = play("ab", "/choose 3", "", "/text")
    assert len(out.split("ab")[-1].removesuffix("\n")) <= 10


@pytest.mark.parametrize(
    "line", ["/help", "/text", "/save x.txt", "/temp 2", "/seed 3", "/temp", "/bogus", "/choose 0"]
)
def test_proposals_wait_for_their_number(play: Play, line: str) -> None:
    """A command that leaves the text as it is leaves them too, and so does a mistake."""
    out, notes = play("ab", "/choose 3", line, "2", "/text")
    chosen = out.split("[2] ")[1][:10]
    assert out.removesuffix("\n").endswith(chosen.removesuffix("\n"))
    assert "not in this network's vocabulary" not in notes


@pytest.mark.parametrize("line", ["/undo", "/again"])
def test_proposals_go_with_the_text_that_they_continue(play: Play, line: str) -> None:
    """After a turn was taken back a number is text again, which this network can't read."""
    _, notes = play("ab", "/choose 3", line, "2")
    assert "not in this network's vocabulary: '2'" in notes


def test_presses_of_ctrl_c_are_for_one_turn(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pressed in haste, or before a turn, it stops none of the next; one press stops proposals."""
    draft = load_model(make_run()).begin_draft(1)
    settings = {"length": 30, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    press = [0]

    def is_stopped() -> bool:
        press[0] -= 1
        for _ in range(3 if press[0] == 0 else 0):
            signal.raise_signal(signal.SIGINT)
        return was_pressed()

    with _watch_ctrl_c() as was_pressed:
        turns = Turns(draft, settings, Terminal(False, True), is_stopped)
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        turns.answer("ab")
        assert len(draft.text) == 32
        press[0] = 6  # when a line is answered it asks once, then after each character
        turns.answer("")
        assert len(draft.text) == 37
        turns.answer("")
        assert len(draft.text) == 67
        press[0] = 5
        capsys.readouterr()
        turns.answer("/choose 2")
        proposals = re.split(r"\[\d\] ", capsys.readouterr().out)[1:]
        assert [len(each.removesuffix("\n\n")) for each in proposals] == [4, 4]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("~nosuchuser/x.txt", "~nosuchuser/x.txt: No such file or directory"),
        ("a\0b", "no file can be called 'a\\x00b': choose another name"),
        ("x" * 300, "File name too long"),
        ("no/x.txt", "no/x.txt: No such file or directory"),
    ],
)
def test_a_text_that_can_not_be_saved_is_not_lost(play: Play, name: str, reason: str) -> None:
    """The reason is one line, and the session goes on."""
    out, notes = play("ab", f"/save {name}", "/text")
    assert out.removesuffix("\n").endswith(out[:10].removesuffix("\n"))
    assert reason in notes


def test_a_full_disk_loses_no_text(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk says, which names no file, is told with the file's name."""

    def fill(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fill)
    out, notes = play("ab", "/save x.txt", "/text")
    assert "x.txt: No space left on device" in notes
    assert "ab" in out
    assert not Path("x.txt").exists()


def test_saving(play: Play) -> None:
    """The text is kept as it is; a file of somebody else's is not overwritten, our own is."""
    Path("theirs.txt").write_text("precious", encoding="utf-8")
    _, notes = play("ab", "/save theirs.txt", "/save mine.txt", "", "/save mine.txt")
    assert "theirs.txt exists: choose another name" in notes
    assert Path("theirs.txt").read_text(encoding="utf-8") == "precious"
    text = Path("mine.txt").read_text(encoding="utf-8")
    assert text.startswith("ab")
    assert len(text) == 22
    _, notes = play("ab", "/save no/such/folder.txt", "/save .")
    assert "no/such/folder.txt: No such file or directory" in notes
    assert ". exists" in notes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/bogus", "there is no command /bogus: /help lists them"),
        ("/temp", "type it as /temp T"),
        ("/undo 3", "type it as /undo:"),
        ("/temp warm", "/temp needs a number such as 0.8, not 'warm'"),
        ("/temp -1", "temperature must be 0 or above"),
        ("/top-k 1.5", "/top-k needs a whole number"),
        ("/length 1e3", "/length needs a whole number"),
        ("/length -5", "length must lie in"),
        ("/seed -1", "seed must lie in"),
        ("/choose 0", "count must lie in"),
        ("/undo", "nothing to take back"),
        ("/again", "the network has not written"),
        ("xyz", "not in this network's vocabulary: 'x' 'y' 'z'"),
    ],
)
def test_mistakes_are_answered_in_a_line(play: Play, line: str, message: str) -> None:
    """A line that can't be answered is reported in one line, and the next one is answered."""
    out, notes = play(line, "/temp 0", "ab")
    assert out == play("/temp 0", "ab")[0]
    assert [message in each for each in notes.splitlines()].count(True) == 1
    assert len(notes.splitlines()) == 2


def test_leaving(play: Play) -> None:
    """/quit leaves what follows unread; /help lists every command on stderr."""
    out, notes = play("/help", "/quit", "ab")
    assert out == ""
    assert all(f"\n/{name}" in notes for name in ("again", "choose", "save", "quit", "undo"))


def test_bytes_that_are_no_text(fails: Fails, make_run: MakeRun) -> None:
    """A pipe that is not UTF-8 ends in one line that says where."""
    make_run()
    assert "line 2 of standard input is not UTF-8" in fails(
        1, "play", "-q", stdin=b"/temp 0\n\xff\n"
    )


def test_at_a_terminal(make_run: MakeRun) -> None:
    """Ctrl-C stops the network and keeps what it wrote, at the prompt it only ends the line."""
    make_run(cell="lstm")
    main, secondary = pty.openpty()
    process = subprocess.Popen(
        command("play", "tiny", "--length", 10**8),
        env=environment(COLUMNS="100"),
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        start_new_session=True,
    )
    os.close(secondary)
    with process, os.fdopen(main, "rb"):
        try:
            read_until(main, r"> $")
            os.write(main, b"ab\n")
            read_until(main, r"[a-h !]{20}")
            process.send_signal(signal.SIGINT)
            read_until(main, r"> $")
            os.write(main, b"ca")
            read_until(main, "ca$")
            time.sleep(0.5)  # until readline waits: between two keys it doesn't see a signal
            process.send_signal(signal.SIGINT)
            assert "Ctrl-D or /quit leaves" in read_until(main, r"leaves\s+> $")
            os.write(main, b"/undo\n")
            assert "the text ends with: ab" in read_until(main, r"> $")
            os.write(main, b"\x04")
            assert process.wait(20) == 0
        finally:
            process.kill()
