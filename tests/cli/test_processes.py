"""The program as a process of its own: pipes, Ctrl-C, a full disk, odd terminals."""

import os
import pty
import re
import resource
import shlex
import shutil
import signal
import subprocess
import termios
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import find_run
from tests.support.networks import MakeRun
from tests.support.processes import LIMIT, command, environment, read_until, run, started
from tests.support.train_command import flatten_weights

pytestmark = pytest.mark.usefixtures("ctrl_c_reaches_children")

SMALL = shlex.split(
    "--cell rnn --units 6 --layers 1 --embedding 4 --batch-size 4 --seq-length 10 --validation 0 "
    "--schedule constant"
)

# Sampling


@pytest.mark.slow
def test_each_character_is_written_at_once(make_run: MakeRun) -> None:
    """A character is written before the next is computed."""
    make_run()
    words = ["sample", "abc", "--length", 40, "--seed", 1, "-q"]
    wait_for_a_sign = """
from charrnn.inference.language import NumpyStepper
step, steps = NumpyStepper.step, iter(range(100))
def step_or_wait(self, ids):
    if next(steps) == 12:
        sys.stdin.read(1)
    return step(self, ids)
NumpyStepper.step = step_or_wait
"""
    with started(*words, before=wait_for_a_sign) as process:
        assert process.stdout is not None
        beginning = process.stdout.read(13)
        assert len(beginning) == 13
        assert process.poll() is None
        rest, errors = process.communicate(b"!", timeout=LIMIT)
    assert beginning + rest == run(*words).stdout
    assert errors == b""


@pytest.mark.slow
def test_endless_text_can_be_left(make_run: MakeRun) -> None:
    """A reader that closes the pipe after the beginning ends the program, silently."""
    make_run()
    with started("sample", "abc", "--length", 10**9, "--seed", 1, "-q") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        beginning = process.stdout.read(50)
        assert process.poll() is None
        process.stdout.close()
        assert process.wait(LIMIT) == 1
        assert process.stderr.read() == b""
    assert beginning == run("sample", "abc", "--length", 47, "--seed", 1, "-q").stdout


def test_ctrl_c_while_sampling(make_run: MakeRun) -> None:
    """Ctrl-C in the middle of a text ends with 130 and without a traceback."""
    make_run()
    with started("sample", "abc", "--length", 10**9, "-q") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10).startswith(b"abc")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert errors.strip() == b""


@pytest.mark.slow
def test_text_on_a_terminal_ends_its_line(make_run: MakeRun) -> None:
    """On a terminal the shell's next prompt begins a line; in a file nothing is added."""
    make_run()
    words = ["sample", "abc", "--length", 5, "--seed", 1, "-q"]
    main, secondary = pty.openpty()
    with os.fdopen(main, "rb"):
        subprocess.run(
            command(*words), env=environment(), stdout=secondary, check=True, timeout=LIMIT
        )
        os.close(secondary)
        shown = os.read(main, 1000)
    assert shown.replace(b"\r\n", b"\n") == run(*words).stdout + b"\n"


def test_notes_wrap_in_a_narrow_terminal() -> None:
    """Notes break between words at the width of stderr's terminal, though stdout is a file."""
    main, secondary = pty.openpty()
    termios.tcsetwinsize(secondary, (24, 30))
    folder = "one two three four five six seven eight nine ten"
    with os.fdopen(main, "rb"), os.fdopen(secondary, "wb") as stderr:
        subprocess.run(
            command("data", "list", "-v", "--data-dir", folder),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            check=True,
            timeout=LIMIT,
        )
        lines = os.read(main, 1000).decode().splitlines()
    assert lines == ["downloads are kept in one two", "three four five six seven", "eight nine ten"]


@pytest.mark.parametrize("closed", [0, 1, 2], ids=["stdin", "stdout", "stderr"])
@pytest.mark.parametrize("words", [["sample", "abc", "--length", "5"], ["data", "list"]])
def test_closed_streams(make_run: MakeRun, closed: int, words: list[str]) -> None:
    """Started without one of its standard streams, the program does its work on the others."""
    make_run()
    line = 'exec "$0" "$@" ' + f"{closed}{'<' if closed == 0 else '>'}&-"
    done = subprocess.run(
        ["/bin/sh", "-c", line, *command(*words)],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=LIMIT,
    )
    assert b"Error" not in done.stderr
    if closed == 1:
        assert done.stdout == b""
    else:
        assert done.returncode == 0
        assert done.stdout.startswith(b"abc" if words[0] == "sample" else b"shakespeare")


@pytest.mark.parametrize("words", [["sample", "abc", "--length", "5", "-q"], ["data", "list"]])
def test_full_disk_behind_stdout(make_run: MakeRun, words: list[str]) -> None:
    """A text that can't be written is a failure in one line, not an empty success."""
    make_run()
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))"
    with Path("out.txt").open("wb") as out:
        done = subprocess.run(
            command(*words, before=limited),
            env=environment(),
            stdout=out,
            stderr=subprocess.PIPE,
            check=False,
            timeout=LIMIT,
        )
    assert done.stderr == b"charrnn: can't write: File too large\n"
    assert done.returncode == 1


# Training


def test_training_is_clean(novel: Path) -> None:
    """stdout has the epochs and stderr charrnn's own lines: nothing of TensorFlow's, no warnings,
    whatever the terminal is called and however narrow it is.
    """
    env = environment(TERM="no-such-terminal", COLUMNS="20")
    done = run("train", novel, *SMALL, "--epochs", 2, "--run", "mine", env=env)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.decode().splitlines()
    assert first.startswith("epoch 1/2  train ")
    assert second.startswith("epoch 2/2  train ")
    began, ended, read = done.stderr.decode().splitlines()
    assert began.startswith("mine: rnn 6, ")
    assert ended == "best epoch: 2, in checkpoints/mine"
    assert read.endswith("charrnn sample --run mine")


@pytest.mark.slow
def test_training_without_standard_streams(novel: Path) -> None:
    """A run that is started with no streams at all, as by a daemon, trains."""
    words = command("train", novel, *SMALL, "--epochs", 1, "--run", "mine")
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *words],
        env=environment(),
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0
    assert find_run("mine").list_epochs() == [1]


def test_ctrl_c_while_tensorflow_is_loaded(novel: Path) -> None:
    """Ctrl-C in the first seconds gives the shell back without a traceback."""
    press = """
import signal
class PressCtrlC:
    def find_spec(self, name, *_):
        if name == "tensorflow":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, PressCtrlC())
"""
    done = run("train", novel, *SMALL, before=press)
    assert done.returncode == 130
    assert done.stdout == b""
    assert done.stderr.strip() == b""


@pytest.mark.slow
def test_full_disk_while_training(novel: Path, invoke: Invoke, fails: Fails) -> None:
    """A full disk is one line; the last good checkpoint survives, and a resume starts from it."""
    # So many units that a resume file is larger than a checkpoint.
    words = ["train", novel, *SMALL, "--units", 24, "--run"]
    assert invoke(*words, "whole", "--epochs", 2).exit_code == 0
    assert invoke(*words, "full", "--epochs", 1).exit_code == 0
    full = find_run("full")
    before = contents(full)
    line = no_room(fails, full, bytes_left=full.epoch_file(1).stat().st_size // 2)
    assert str(full.epoch_file(2)) in line
    assert contents(full) == before
    line = no_room(fails, full, bytes_left=full.resume_file.stat().st_size - 1)
    assert str(full.resume_file) in line
    assert contents(full)[full.resume_file] == before[full.resume_file]
    assert invoke("sample", "The ", "--run", "full", "--length", 3).exit_code == 0
    assert invoke("train", "--resume", "full", "--epochs", 2).exit_code == 0
    assert np.array_equal(flatten_weights(full, 2), flatten_weights(find_run("whole"), 2))


def contents(run: Run) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.folder.iterdir()}


def no_room(fails: Fails, run_: Run, bytes_left: int) -> str:
    """Resume where no file can grow beyond a size, as on a full disk; returns what is said."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        line = fails(1, "train", "--resume", run_.name, "--epochs", 2, "-q")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert re.match("charrnn: .*File too large", line)
    return line


@dataclass
class Interrupted:
    """A run on a terminal that was stopped by Ctrl-C in its second epoch.

    Attributes:
        attempts: errors of other commands that wanted to train in its folder while it lived.
    """

    folder: Path
    words: list[str]
    screen: str
    stdout: list[str]
    code: int
    attempts: dict[str, str]

    @property
    def run(self) -> Run:
        return Run(self.folder / "checkpoints" / "mine", LANGUAGE)


@pytest.fixture(scope="module")
def interrupted(
    tmp_path_factory: pytest.TempPathFactory, real_text: str, fails: Fails
) -> Interrupted:
    """One such run, looked at by several tests."""
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "novel.txt").write_text(real_text[:20_000], encoding="utf-8")
    words = ["train", str(folder / "novel.txt"), *SMALL]
    place = ["--checkpoints", str(folder / "checkpoints")]
    main, secondary = pty.openpty()
    process = subprocess.Popen(
        command(*words, *place, "--run", "mine", "--epochs", 2),
        env=environment(COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=secondary,
        cwd=folder,
    )
    os.close(secondary)
    with process, os.fdopen(main, "rb"):
        try:
            screen = read_until(main, r"epoch 2/2 \S* *[1-9]\d*/\d+")
            process.send_signal(signal.SIGSTOP)
            attempts = {
                "resume": fails(1, "train", "--resume", "mine", *place, "-q"),
                "train": fails(1, *words, *place, "--run", "mine"),
            }
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGCONT)
            screen += read_until(main, None)
            stdout, _ = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    return Interrupted(
        folder, words, screen, stdout.decode().splitlines(), process.returncode, attempts
    )


def test_bar_of_a_real_run(interrupted: Interrupted) -> None:
    """On a terminal the bar counts steps, characters per second and the loss, and is wiped."""
    row = r"epoch [12]/2 \S* *\d+/499 +([\d,]+ chars/s|starting) +loss \d\.\d{4} +[-\d:]+"
    assert len(re.findall(row, interrupted.screen)) > 1


@pytest.mark.slow
def test_ctrl_c_while_training(interrupted: Interrupted) -> None:
    """Ctrl-C ends after the step with 130, keeps what is trained, and says how to resume."""
    assert interrupted.code == 130
    assert len(interrupted.stdout) == 1
    assert interrupted.stdout[0].startswith("epoch 1/2")
    assert interrupted.run.list_epochs() == [1]
    kept = read_checkpoint(interrupted.run.interrupted_file).provenance
    assert (kept.epoch, kept.steps) == (2, 499)
    after = interrupted.screen.split("stopping after this step")[1]
    assert re.search(r"stopped: epoch 2, up to step [1-9]\d* of 499, is saved", after)
    assert "charrnn train --resume mine" in after
    assert "Traceback" not in interrupted.screen


def test_folder_is_taken_while_a_run_lives(interrupted: Interrupted) -> None:
    """No other process trains in a run's folder while one does."""
    assert "another process" in interrupted.attempts["resume"]
    assert "'mine' exists" in interrupted.attempts["train"]


@pytest.mark.slow
def test_resume_after_ctrl_c(interrupted: Interrupted, invoke: Invoke) -> None:
    """An interrupted run ends with the same weights as an uninterrupted one."""
    shutil.copytree(interrupted.run.folder, "checkpoints/mine")
    resumed, alone = (find_run(name) for name in ("mine", "alone"))
    assert invoke("train", "--resume", "mine").exit_code == 0
    assert invoke(*interrupted.words, "--run", "alone", "--epochs", 2).exit_code == 0
    assert np.array_equal(flatten_weights(resumed, 2), flatten_weights(alone, 2))
    assert not resumed.interrupted_file.exists()
