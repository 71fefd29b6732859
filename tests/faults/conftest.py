"""A server of commands, and how each scenario goes if nothing goes wrong."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.faults.commands import KILLS, Commands, serve
from tests.faults.scenarios import SCENARIOS, Undisturbed, go_undisturbed


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Runs commands in the children of a process that has TensorFlow imported."""
    with serve() as served:
        yield served


@pytest.fixture(scope="session")
def undisturbed(
    commands: Commands, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Undisturbed]:
    """How a scenario goes if nothing goes wrong; found out once."""

    @cache
    def find_out(name: str) -> Undisturbed:
        folder = tmp_path_factory.mktemp("undisturbed")
        return go_undisturbed(SCENARIOS[name], commands, folder)

    return find_out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was done to how many processes."""
    if KILLS:
        terminalreporter.section("killed processes")
        for moment, count in sorted(KILLS.items()):
            terminalreporter.write_line(f"{count:4} {moment}")
        terminalreporter.write_line(f"{KILLS.total():4} in all")
