"""Shared work: results in order, little under way, and processes that end however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from charrnn.errors import CheckpointError, HelperError, ReviewsError, UsageError
from charrnn.inference.helpers import require_jobs, share
from tests.support.shared_work import (
    die_at_third,
    exist,
    fill_memory,
    list_children,
    make,
    reject_third,
    report_process,
    square_late,
    wait_for_children,
    wait_until_gone,
)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_order(jobs: int) -> None:
    """Whichever result is ready first, they come in the items' order, and all of them."""
    assert [*share(make(square_late), iter(range(13)), jobs)] == [n * n for n in range(13)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_items(jobs: int) -> None:
    assert [*share(make(square_late), iter(()), jobs)] == []


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_little_is_taken_ahead(jobs: int) -> None:
    """However many items there are, only a few for each process are taken before their turn."""
    taken = 0

    def count() -> Iterator[int]:
        nonlocal taken
        for number in range(40):
            taken += 1
            yield number

    ahead = [taken - given for given, _ in enumerate(share(make(square_late), count(), jobs))]
    assert max(ahead) <= (1 if jobs == 1 else 4 * jobs)
    assert taken == 40


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_of_the_work_comes_in_its_turn(jobs: int) -> None:
    """What an item's work raises is raised after the results before it, as the same error."""
    results = share(make(reject_third), iter(range(9)), jobs)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(CheckpointError, match=r"^the third$"):
        next(results)


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_of_the_items_comes_in_its_turn(jobs: int) -> None:
    """An input that breaks off is an error after the results of what came before."""

    def break_off() -> Iterator[int]:
        yield from range(5)
        raise ReviewsError("line 6")

    results = share(make(square_late), break_off(), jobs)
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(ReviewsError, match=r"^line 6$"):
        next(results)


def test_a_result_does_not_wait_for_the_next_item() -> None:
    """While a slow source has nothing more, what it gave is answered."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as source, os.fdopen(write, "wb", buffering=0) as sink:
        numbers = iter(lambda: int(source.read(1) or b"9"), 9)
        results = share(make(square_late), numbers, 2, source)
        for number in (2, 5, 4):
            sink.write(str(number).encode())
            assert next(results) == number**2
        sink.write(b"3")
        sink.close()
        assert [*results] == [9]


def test_a_dead_process_is_an_error() -> None:
    """If one is killed, as by a system without memory, that is said, and the others end."""
    before = list_children(os.getpid())
    results = share(make(die_at_third), iter(range(9)), 2)
    with pytest.raises(HelperError, match=r"was ended by SIGKILL: perhaps memory ran out.*`jobs`"):
        list(results)
    assert list_children(os.getpid()) == before


def test_helpers_are_light() -> None:
    """A helper loads neither TensorFlow nor the command line, and multiplies with one thread."""
    reports = [*share(make(report_process), iter(range(6)), 2)]
    assert os.getpid() not in {process for process, _, _ in reports}
    assert all(heavy == [] for _, heavy, _ in reports)
    assert set.union(*(threads for _, _, threads in reports)) == {1}


def test_helpers_end_with_the_iterator() -> None:
    """Who wants no more results leaves no process behind."""
    results = share(make(report_process), iter(range(99)), 2)
    helpers = [process for process, _, _ in (next(results), next(results))]
    assert all(map(exist, helpers))
    results.close()
    assert wait_until_gone(helpers)


def test_helpers_end_with_a_killed_process() -> None:
    """Not even a process that is killed outright leaves its helpers behind, busy as they are."""
    code = (
        "import time\nfrom charrnn.inference.helpers import share\n"
        "from tests.support.shared_work import make\n"
        "for _ in share(make(time.sleep), iter([0, 0, 1000, 1000]), 2): print('.', flush=True)"
    )
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(4) == b".\n.\n"
        helpers = wait_for_children(process.pid, 2)
        process.kill()
        assert wait_until_gone(helpers)
        assert process.stderr.read() == b""


def test_large_items_and_results() -> None:
    """What is larger than a pipe's buffer passes both ways, without each waiting for the other."""
    items = [bytes([number]) * 5_000_000 for number in range(6)]
    assert [*share(make(len), iter(items), 2)] == [5_000_000] * 6
    sizes = [10, 4_000_000, 3_000_000, 5]
    assert [len(result) for result in share(make(fill_memory), iter(sizes), 2)] == sizes


def test_signals_stay_with_this_process() -> None:
    """Ctrl-C reaches every process of a terminal, and helpers leave the answer to this one."""
    results = share(make(report_process), iter(range(99)), 2)
    helper, _, _ = next(results)
    os.kill(helper, signal.SIGINT)
    assert len([*results]) == 98
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) & {signal.SIGINT} == set()


@pytest.mark.parametrize("jobs", [0, -1, 1025, 1.0, "2", True])
def test_jobs_are_checked(jobs: object) -> None:
    with pytest.raises(UsageError, match=r"^`jobs` must "):
        require_jobs(jobs)  # type: ignore[arg-type]
