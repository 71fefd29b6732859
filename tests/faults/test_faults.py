"""Whatever happens to a process or its disk, nothing is lost but the epoch under way.

`make faults` tries as many faults as it is told to; the usual tests only a few.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.faults.commands import KILLED, Commands, Fault
from tests.faults.scenarios import SCENARIOS, Undisturbed, check_listed, read_files

COUNT = int(os.environ.get("CHARRNN_FAULTS", "1"))
"""How many faults of each kind."""

FindOut = Callable[[str], Undisturbed]
_STRIDE = 37  # has no divisor in common with any number of moments, so that none is met twice


def choose(first: int) -> list[tuple[str, int]]:
    """Scenarios in turn, each with the number of its visit."""
    names = [*SCENARIOS]
    numbers = range(first, first + COUNT)
    return [(names[number % len(names)], number // len(names)) for number in numbers]


def recover(name: str, commands: Commands, folder: Path, expected: Undisturbed) -> None:
    """It ends as if nothing had happened, and nothing else is left."""
    scenario = SCENARIOS[name]
    run, done = scenario.find_run(folder), scenario.is_done(folder)
    if not done:
        scenario.finish(commands, folder)
        assert read_files(run).keys() == expected.files.keys()
    else:  # killed while it drew its curves, which then waits for another epoch
        check_listed(folder)
    files = {name: content for name, content in read_files(run).items() if "curves" not in name}
    assert files.items() <= expected.files.items()


@pytest.mark.parametrize(("name", "visit"), choose(first=1))
def test_killed_in_a_step_of_a_write(
    commands: Commands, undisturbed: FindOut, tmp_path: Path, name: str, visit: int
) -> None:
    """Killed before, in or after any step of any write, a run resumes to the same weights.

    It is killed again while it resumes.
    """
    expected, scenario = undisturbed(name), SCENARIOS[name]
    at = (visit + 1) * _STRIDE % len(expected.moments)
    assert scenario.begin(commands, tmp_path, Fault("kill", at)).code == KILLED
    moments = tmp_path.joinpath("events").read_text().splitlines()
    assert moments == expected.moments[: at + 1]
    check_listed(tmp_path)
    for more in (11, 5, 23):
        if scenario.go_on(commands, tmp_path, Fault("kill", (at + more) % 30)).code != KILLED:
            break
        check_listed(tmp_path)
    recover(name, commands, tmp_path, expected)


@pytest.mark.parametrize(("name", "visit"), choose(first=1))
def test_killed_at_any_time(
    commands: Commands, undisturbed: FindOut, tmp_path: Path, name: str, visit: int
) -> None:
    """Killed while it computes, or whatever else it does, a run resumes to the same weights."""
    expected, random = undisturbed(name), np.random.default_rng([*name.encode(), visit])
    for _ in range(3):
        fault = Fault(kill_after=random.uniform(0.1, 0.9) * expected.seconds)
        if SCENARIOS[name].go_on(commands, tmp_path, fault).code != KILLED:
            break
        check_listed(tmp_path)
    recover(name, commands, tmp_path, expected)


@pytest.mark.parametrize("fault", ["full", "read-only"])
@pytest.mark.parametrize(("name", "visit"), choose(first=1))
def test_a_disk_that_fails(
    commands: Commands, undisturbed: FindOut, tmp_path: Path, name: str, visit: int, fault: str
) -> None:
    """From any write on, the disk is full or read-only: one line, and nothing written is lost."""
    expected = undisturbed(name)
    at = (visit + 1) * _STRIDE % len(expected.moments)
    ended = SCENARIOS[name].begin(commands, tmp_path, Fault(fault, at))
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == (1 if ended.code == 1 else 0)
    check_listed(tmp_path)
    recover(name, commands, tmp_path, expected)


@pytest.mark.parametrize(("name", "visit"), choose(first=1))
def test_a_clock_that_is_set_back(
    commands: Commands, undisturbed: FindOut, tmp_path: Path, name: str, visit: int
) -> None:
    """A clock that was set back, at the beginning or before the resume, changes no weight."""
    expected, scenario = undisturbed(name), SCENARIOS[name]
    back = Fault(clock=-1e8 if visit % 2 else 0.0)
    scenario.begin(commands, tmp_path, back)
    scenario.finish(commands, tmp_path, Fault(clock=-1e8 - back.clock))
    assert read_files(scenario.find_run(tmp_path)) == expected.files
