"""--jobs: the same output from several processes, and no process that is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import Fails, Invoke
from tests.support.networks import MakeRun
from tests.support.processes import LIMIT, command, environment, run
from tests.support.scored_words import compute_probability, write_classifier
from tests.support.shared_work import wait_for_children, wait_until_gone

pytestmark = pytest.mark.usefixtures("ctrl_c_reaches_children")

MANY = ["sample", "abc", "--num", 200, "--length", 6, "--seed", 3]
ENDLESS = ["sample", "abc", "--num", 10**9, "--length", 500, "--jobs", 2, "-q"]


def write_reviews(count: int, path: str = "reviews.txt") -> list[str]:
    texts = [f"good film number{place} " + "bad " * (place % 40) for place in range(count)]
    Path(path).write_text("\n".join(texts), encoding="utf-8")
    return texts


@pytest.mark.parametrize("more", [(), ("--json",), ("--stop", "a"), ("--set-unit", "3=0.5")])
def test_texts_are_the_same(invoke: Invoke, make_run: MakeRun, more: tuple[str, ...]) -> None:
    """Two processes write what one does, byte for byte."""
    make_run()
    one, two, default = (invoke(*MANY, *more, *jobs) for jobs in (["--jobs", 1], ["--jobs", 2], []))
    assert one.exit_code == two.exit_code == 0, two.output
    assert one.stdout_bytes == two.stdout_bytes == default.stdout_bytes
    assert one.stdout.count("abc") >= 200


def test_texts_come_in_order(invoke: Invoke, make_run: MakeRun) -> None:
    """Text k of many is text k of a few, and each is a JSON object."""
    make_run()
    rows = [json.loads(line) for line in invoke(*MANY, "--json", "--jobs", 2).stdout.splitlines()]
    few = invoke(*MANY, "--num", 50, "--json").stdout.splitlines()
    assert len(rows) == 200
    assert rows[:50] == [json.loads(line) for line in few]


def test_each_epoch_writes_many(invoke: Invoke, make_run: MakeRun) -> None:
    make_run(epoch=1)
    make_run(epoch=2, seed=5)
    one, two = (invoke(*MANY, "--epoch", "all", "--jobs", jobs).stdout for jobs in (1, 2))
    assert one == two
    assert one.count("--- tiny, epoch") == 2


def test_scores_are_the_same(invoke: Invoke, make_run: MakeRun) -> None:
    """Crops that two processes share have the loss that one finds, in every digit."""
    make_run()
    Path("long.txt").write_text("abc dead\n" * 4000, encoding="utf-8")
    words = ["evaluate", "tiny", "long.txt", "--json"]
    one, two = (invoke(*words, "--jobs", jobs) for jobs in (1, 2))
    assert one.exit_code == 0, one.output
    assert one.stdout_bytes == two.stdout_bytes
    assert [json.loads(line)["mode"] for line in two.stdout.splitlines()] == ["stream", "crops"]


@pytest.mark.parametrize("more", [(), ("--json",), ("--explain", "--json")])
def test_answers_are_the_same(invoke: Invoke, more: tuple[str, ...]) -> None:
    """Two processes judge as one does, in order, however different the reviews' lengths."""
    write_classifier()
    texts = write_reviews(150 if "--explain" in more else 6000)
    words = ["classify", "predict", "--file", "reviews.txt", *more]
    one, two = (invoke(*words, "--jobs", jobs) for jobs in (1, 2))
    assert one.exit_code == 0, one.output
    assert one.stdout_bytes == two.stdout_bytes
    if more:
        rows = [json.loads(line) for line in two.stdout.splitlines()]
        assert [row["text"] for row in rows] == texts
        right = [compute_probability(text) for text in texts]
        assert [row["probability"] for row in rows] == pytest.approx(right, abs=1e-6)


def test_answers_of_arguments_and_of_a_broken_file(invoke: Invoke) -> None:
    """Reviews may be arguments; of a file the answers before a bad line are printed."""
    write_classifier()
    words = ["classify", "predict", "--jobs", 2]
    assert invoke(*words, "good", "bad").stdout == invoke(*words[:2], "good", "bad").stdout
    Path("broken.txt").write_bytes(b"good\n" * 20_000 + b"\xff\xfe bad\n")
    alone = invoke(*words[:2], "--file", "broken.txt")
    shared = invoke(*words, "--file", "broken.txt")
    assert shared.exit_code == alone.exit_code == 1
    assert shared.output == alone.output
    assert shared.stdout.count("good") == 20_000


def test_answers_keep_pace() -> None:
    """A line in a pipe is answered before the next is written, by several processes too."""
    write_classifier()
    words = command("classify", "predict", "--file", "-", "--jobs", 2, "-q")
    with subprocess.Popen(
        words, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        for text in ("good", "bad", "good bad"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode().endswith(f"\t{text}\n")
        process.stdin.close()
    assert process.returncode == 0


def start_many(*words: object) -> "subprocess.Popen[bytes]":
    """A command that is its own group, as a shell starts one in a terminal."""
    return subprocess.Popen(
        command(*words),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        (signal.SIGINT, 130, b"\n"),
        (signal.SIGTERM, 143, b"charrnn: ended by SIGTERM\n"),
        (signal.SIGHUP, 129, b"charrnn: ended by SIGHUP\n"),
    ],
)
def test_a_signal_ends_all(make_run: MakeRun, number: int, code: int, line: bytes) -> None:
    """Ctrl-C, which the whole group gets, ends every process, without a traceback."""
    make_run(units=300)
    with start_many(*ENDLESS) as process:
        assert process.stdout
        assert process.stdout.read(3) == b"abc"
        workers = wait_for_children(process.pid, 2)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=LIMIT)
        assert wait_until_gone(workers)
    assert (process.returncode, errors) == (code, line)


def test_ctrl_c_while_workers_start(make_run: MakeRun) -> None:
    """A worker that is about to be an interpreter takes no notice of Ctrl-C either."""
    make_run(units=300)
    with start_many(*ENDLESS) as process:
        workers = wait_for_children(process.pid, 2)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT)
        assert wait_until_gone(workers)
    assert (process.returncode, errors) == (130, b"\n")


def test_a_dead_worker_is_one_line(make_run: MakeRun) -> None:
    """If a worker is killed, the command says so in a line, and nothing else is left."""
    make_run(units=300)
    with start_many(*ENDLESS) as process:
        assert process.stdout
        assert process.stdout.read(3) == b"abc"
        workers = wait_for_children(process.pid, 2)
        os.kill(workers[0], signal.SIGKILL)
        _, errors = process.communicate(timeout=LIMIT)
        assert wait_until_gone(workers)
    assert process.returncode == 1
    assert errors == (
        b"charrnn: a process that shared the work was ended by SIGKILL: perhaps memory ran out; "
        b"try again with fewer --jobs\n"
    )


def test_a_closed_pipe_ends_all(make_run: MakeRun) -> None:
    """A reader that has had enough, such as head, ends every process silently."""
    make_run()
    with start_many(*ENDLESS) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(3) == b"abc"
        workers = wait_for_children(process.pid, 2)
        process.stdout.close()
        assert process.wait(LIMIT) == 1
        assert wait_until_gone(workers)
        assert process.stderr.read() == b""


REPORT_PEAK = """
import atexit, resource
def report():
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
atexit.register(report)
"""
UNIT = 1 if sys.platform == "darwin" else 1024


def measure_peak(*words: object) -> int:
    """The most memory that a command took, in bytes."""
    done = run(*words, "-q", before=REPORT_PEAK)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1]) * UNIT


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_memory_does_not_grow_with_texts(make_run: MakeRun, jobs: int) -> None:
    """A hundred times as many texts take no more memory."""
    make_run()
    words = ["sample", "abc", "--length", 200, "--seed", 1, "--jobs", jobs, "--num"]
    few, many = measure_peak(*words, 200), measure_peak(*words, 20_000)
    assert many < few + 4 * 2**20  # the texts alone are that large


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_memory_does_not_grow_with_reviews(jobs: int) -> None:
    """A hundred times as many reviews take no more memory."""
    write_classifier()
    write_reviews(1_500, "few.txt")
    write_reviews(150_000, "many.txt")
    words = ["classify", "predict", "--jobs", jobs, "--file"]
    few, many = measure_peak(*words, "few.txt"), measure_peak(*words, "many.txt")
    assert Path("many.txt").stat().st_size > 12 * 2**20
    assert many < few + 8 * 2**20


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sample", "abc", "--jobs", "0"], "from 1 to 1,024"),
        (["sample", "abc", "--jobs", "2", "--engine", "keras"], "leave out --engine"),
        (["evaluate", "--jobs", "2", "--engine", "native"], "leave out --engine"),
        (["evaluate", "--jobs", "2", "--mode", "stream"], "leave out --mode stream"),
    ],
)
def test_what_jobs_can_not_do(fails: Fails, make_run: MakeRun, words: list[str], line: str) -> None:
    make_run()
    assert line in fails(2, *words)


def test_a_few_texts_are_one_process_s(invoke: Invoke, make_run: MakeRun) -> None:
    """Who asks for processes that have nothing to share is told so."""
    make_run()
    result = invoke("sample", "abc", "--num", 3, "--length", 5, "--jobs", 2)
    assert "note: one process writes up to 64 texts, side by side\n" in result.stderr
    assert "note" not in invoke("sample", "abc", "--num", 3, "--length", 5).stderr
