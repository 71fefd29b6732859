"""Workers of a cluster as processes of this machine."""

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.support.processes import command, environment

LIMIT = 400  # seconds that no cluster of a test should need


@dataclass(frozen=True)
class Ended:
    """How a worker ended: its exit code, and what it wrote to stderr."""

    code: int
    stderr: str


def find_addresses(count: int) -> tuple[str, ...]:
    """Addresses of this machine whose ports are free."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return tuple(f"127.0.0.1:{server.getsockname()[1]}" for server in servers)


@contextlib.contextmanager
def start_all(commands: Sequence[Sequence[str]]) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes, none of which outlives the block or takes too long."""
    with contextlib.ExitStack() as stack:
        processes = []
        for words in commands:
            process = subprocess.Popen(
                words,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            guard = threading.Timer(LIMIT, process.kill)
            guard.start()
            stack.enter_context(process)
            stack.callback(process.kill)
            stack.callback(guard.cancel)
            processes.append(process)
        yield processes


def list_commands(count: int, *words: object) -> list[list[str]]:
    """`charrnn train` with these words, for each worker of a new cluster."""
    workers = ",".join(find_addresses(count))
    return [
        command("train", *words, "--workers", workers, "--worker", index) for index in range(count)
    ]


def end(process: "subprocess.Popen[str]") -> Ended:
    """Wait for its end."""
    _, stderr = process.communicate()
    return Ended(process.returncode, stderr)


def run_module(name: str, *words: object) -> list[str]:
    """The command that runs a module of the tests."""
    return [sys.executable, "-m", name, *map(str, words)]
