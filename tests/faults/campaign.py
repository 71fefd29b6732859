"""A campaign: every fault of a scenario happens once, several of them to each run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from charrnn.errors import CharrnnError
from tests.faults.commands import NO_FAULT, Commands, Ended, Fault
from tests.faults.scenarios import (
    SCENARIOS,
    Phase,
    Scenario,
    check_end,
    check_listed,
    read_files,
)

BACK = -1e8
"""Seconds that a clock is set back, about three years."""

_LONGEST = 8  # faults that a run meets one after the other
_CLOCK = 8  # of so many runs, one has its clock set back in the end
_AT_RANDOM = 6  # kills at a random time of each phase


@dataclass(frozen=True)
class Undisturbed:
    """How a scenario goes if nothing goes wrong.

    Attributes:
        phases: how its beginning and its resume end.
        files: what it leaves in the end.
    """

    phases: dict[Phase, Ended]
    files: dict[str, bytes]


@dataclass
class Counts:
    """What happened in a campaign.

    Attributes:
        moments: how many its phases have.
        killed: processes killed at a moment.
        killed_at_random: processes killed at a random time.
        disks: disks that failed at a moment.
        clocks: clocks set back.
        resumed: commands that resumed what was disturbed.
        runs: that were disturbed, resumed to their end, and compared with an undisturbed one.
        differed: runs of which a file could not be used, or was not the undisturbed one's.
        findings: what was wrong, in a line each.
        left: faults that did not happen though they were tried again and again.
    """

    moments: int = 0
    killed: int = 0
    killed_at_random: int = 0
    disks: int = 0
    clocks: int = 0
    resumed: int = 0
    runs: int = 0
    differed: int = 0
    findings: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Count a fault that happened."""
        self.killed += fault.kind == "kill"
        self.killed_at_random += not fault.kind
        self.disks += fault.kind in {"full", "read-only"}


def go_undisturbed(scenario: Scenario, commands: Commands) -> Undisturbed:
    """Carry a scenario out in its phases; and again in one command, if that leaves the same."""
    with commands.make_folder() as folder:
        phases: dict[Phase, Ended] = {
            "begin": scenario.go_on(commands, folder),
            "resume": scenario.go_on(commands, folder),
        }
        assert scenario.find_phase(folder) == "end"
        if not scenario.in_one:
            scenario.finish(commands, folder)
            return Undisturbed(phases, read_files(scenario.find_run(folder)))
    return Undisturbed(phases, go_straight(scenario, commands))


def go_straight(scenario: Scenario, commands: Commands) -> dict[str, bytes]:
    """The files of a run that nobody and nothing disturbs."""
    with commands.make_folder() as folder:
        scenario.finish(commands, folder)
        return read_files(scenario.find_run(folder))


def list_faults(ended: Ended, random: Random) -> list[Fault]:
    """All faults of a phase that went like this undisturbed, in random order.

    The process is killed at each moment and at some random times; the disk is full from each write
    on, and read-only from each temporary file on.
    """
    kinds = {"full": "before write", "read-only": "before mkstemp"}
    faults = [
        *(Fault("kill", moment) for moment in ended.moments),
        *(Fault(k, m) for k, step in kinds.items() for m in ended.moments if m.startswith(step)),
        *(Fault(kill_after=random.uniform(0.1, 0.9) * ended.seconds) for _ in range(_AT_RANDOM)),
    ]
    random.shuffle(faults)
    return faults


def meet(scenario: Scenario, commands: Commands, folder: Path, fault: Fault) -> bool:
    """Let a run meet a fault, and check that every file can be used; whether it happened."""
    ended = scenario.go_on(commands, folder, fault)
    check_end(ended, fault)
    check_listed(folder)
    return ended.met(fault)


def carry_out(name: str, commands: Commands) -> Counts:
    """Let every fault of a scenario happen at least once."""
    scenario, random, counts = SCENARIOS[name], Random(name), Counts()
    expected = go_undisturbed(scenario, commands)
    counts.moments = sum(len(ended.moments) for ended in expected.phases.values())
    todo = {phase: list_faults(ended, random) for phase, ended in expected.phases.items()}
    most = 2 * sum(map(len, todo.values()))
    while any(todo.values()) and counts.runs < most:
        counts.runs += 1
        clock = BACK if counts.runs % _CLOCK == 1 else 0
        counts.clocks += bool(clock)
        with commands.make_folder() as folder:
            try:
                for fault in _disturb(scenario, commands, folder, todo):
                    counts.add(fault)
                    counts.resumed += scenario.find_phase(folder) != "begin"
                scenario.finish(commands, folder, Fault(clock=clock))
                differing = _compare(expected.files, read_files(scenario.find_run(folder)))
                assert not differing, differing
            except (AssertionError, CharrnnError, OSError) as error:
                counts.differed += 1
                counts.findings.append(f"{name}, run {counts.runs}: {error!r}")
    counts.left = [f"{name}: {fault}" for faults in todo.values() for fault in faults]
    return counts


def _disturb(
    scenario: Scenario, commands: Commands, folder: Path, todo: dict[Phase, list[Fault]]
) -> Iterator[Fault]:
    """Let a run meet faults that have not happened yet; those that it met.

    One that a process did not come to, as a moment that only a run without leftovers has, is tried
    again with another run.
    """
    for _ in range(_LONGEST):
        phase = scenario.find_phase(folder)
        if phase == "end" or not any(todo.values()):
            return
        if not todo[phase]:
            if phase == "resume":
                return
            meet(scenario, commands, folder, NO_FAULT)
            continue
        fault = todo[phase].pop()
        if meet(scenario, commands, folder, fault):
            yield fault
        else:
            sooner = replace(fault, kill_after=fault.kill_after / 2)  # if its process was faster
            todo[phase].insert(0, sooner if not fault.kind else fault)


def _compare(expected: dict[str, bytes], found: dict[str, bytes]) -> Sequence[str]:
    """The names of files that differ, or that only one run has."""
    names = sorted(expected.keys() | found.keys())
    return [name for name in names if expected.get(name) != found.get(name)]
