"""Whatever happens to a process, its disk or its clock, only the epoch under way is lost.

The usual tests try a few faults; `make faults` as many as it is told to.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from charrnn.runs.keep import thin
from tests.faults.commands import KILLED, Commands, Ended, Fault
from tests.faults.scenarios import SCENARIOS, Undisturbed, check_listed, read_files

FAULTS = int(os.environ.get("CHARRNN_FAULTS", "3"))
LONGEST = 8  # faults that a run meets one after the other
BACK = -1e8  # seconds, about three years

_IN_AN_EPOCH = 36  # moments, so that a resume is disturbed before it ends
_STRIDE = 37  # has no divisor in common with the number of moments, so that none is met twice


def list_ordeals() -> list[tuple[str, int, int]]:
    """Scenarios in turn, each with the number of its visit, and how many faults it meets."""
    names = [*SCENARIOS]
    return [
        (names[number % len(names)], number // len(names), min(LONGEST, FAULTS - number * LONGEST))
        for number in range(-(-FAULTS // LONGEST))
    ]


def choose_faults(name: str, visit: int, count: int, expected: Undisturbed) -> Iterator[Fault]:
    """A killed process, a disk that fails, a process killed at any time, and more killed ones."""
    random = np.random.default_rng([*name.encode(), visit])
    for number in range(count):
        moments = _IN_AN_EPOCH if number else len(expected.moments)
        at = (visit * LONGEST + number + 1) * _STRIDE % moments
        if number == 1:
            yield Fault("read-only" if visit % 2 else "full", at)
        elif number == 2:
            yield Fault(kill_after=random.uniform(0.1, 0.9) * expected.seconds)
        else:
            yield Fault("kill", at)


def check_end(ended: Ended, fault: Fault) -> None:
    """A process was killed, or ended in order; a disk's failure is said in one line."""
    if fault.fault in {"full", "read-only"}:
        assert ended.code in {0, 1, 130}  # 0 if only the curves could not be drawn
        assert len(ended.stderr.splitlines()) == (ended.code == 1)
        assert "unexpected" not in ended.stderr
    else:
        assert ended.code in {KILLED, 0, 130}
        assert ended.stderr == ""


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("name", "visit", "count"), list_ordeals())
def test_faults(
    commands: Commands,
    undisturbed: Callable[[str], Undisturbed],
    tmp_path: Path,
    name: str,
    visit: int,
    count: int,
) -> None:
    """After each fault every file is usable; in the end all is as if nothing had happened.

    Processes are killed before, in and after the steps of writes, and at any time; from some write
    on a disk is full, or read-only; and at last the clock is set back. The files in the end are
    those of an undisturbed run, byte for byte, and no others.
    """
    expected, scenario = undisturbed(name), SCENARIOS[name]
    for fault in choose_faults(name, visit, count, expected):
        if not scenario.is_done(tmp_path):
            check_end(scenario.go_on(commands, tmp_path, fault), fault)
            check_listed(tmp_path)
    if not scenario.is_done(tmp_path):
        scenario.finish(commands, tmp_path, Fault(clock=0 if visit % 2 else BACK))
        assert read_files(scenario.find_run(tmp_path)) == expected.files
    else:  # killed before it was thinned, or while it drew its curves, of an earlier epoch then
        thin(scenario.find_run(tmp_path), "best" if name == "thinned" else "all")
        files = read_files(scenario.find_run(tmp_path)).items()
        named = {path: content for path, content in files if "curves" not in path}
        assert named.items() <= expected.files.items()


def test_each_moment_is_where_it_was(
    commands: Commands, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    """A process is killed at the moment that was meant: the ones before it are as always."""
    name, at = next(iter(SCENARIOS)), 20
    moments = undisturbed(name).moments
    assert SCENARIOS[name].begin(commands, tmp_path, Fault("kill", at)).code == KILLED
    assert tmp_path.joinpath("events").read_text().splitlines() == moments[: at + 1]
    assert {"half write", "before fsync", "after replace"} <= {*moments}
