"""A server of commands."""

from collections.abc import Iterator

import pytest

from tests.faults.commands import Commands, serve

MEANS = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def commands(pytestconfig: pytest.Config) -> Iterator[Commands]:
    """Runs commands in the children of a process that has TensorFlow imported."""
    with serve() as served:
        pytestconfig.stash[MEANS] = served.say_means()
        yield served


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how faults were made."""
    if MEANS in config.stash:
        terminalreporter.section("faults")
        terminalreporter.write_line(config.stash[MEANS])
