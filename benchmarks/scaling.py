"""How cost grows: `python benchmarks/scaling.py [SECTION ...]`.

Each section prints a Markdown table. All training is `charrnn train` in processes of its own, on
random letters that are written into a temporary folder, with the preset quick but for what a table
varies. A step's time is the median over epochs, of which the first, which compiles, is left out;
memory is the process's peak.

`workers` pins each worker to a core. `latency` gives each worker a network namespace, and passes
their packets on itself after holding them back, which needs root but no netem. `paper` measures
nothing: it computes what many machines would do from the `Machine` that the others have measured.
"""

import argparse
import contextlib
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

import numpy as np

from charrnn.config.language import NetworkConfig

EPOCHS = 4  # the first isn't counted
SECONDS = 1.5  # that an epoch takes, about
SPEED = 1e11  # multiplications and additions a second, about, to choose the steps of an epoch
MB = 10**6
SIZES = (1, 10, 100, 1000, 2000)  # MB of text
CORES = ("0", "1")


@dataclass(frozen=True)
class Shape:
    """A network and its batches; the rest is the preset quick's."""

    units: int = 512
    vocabulary: int = 65
    length: int = 100
    batch: int = 16

    @property
    def parameters(self) -> int:
        """How many numbers a step's gradient has."""
        return NetworkConfig(self.vocabulary, units=self.units).parameters

    @property
    def characters(self) -> int:
        """How many a step trains on."""
        return self.batch * self.length

    @property
    def operations(self) -> int:
        """Additions and multiplications of a step: six for each weight and character."""
        return 6 * self.parameters * self.characters

    @property
    def steps(self) -> int:
        """How many an epoch has."""
        return min(40, max(3, round(SECONDS * SPEED / self.operations)))

    def write_text(self, path: Path) -> None:
        """Write as many random letters as an epoch reads, each of the vocabulary among them."""
        length = max(self.batch * (self.steps * self.length + 1), self.vocabulary)
        rng = np.random.default_rng(0)
        ids = rng.permutation(np.arange(length) % self.vocabulary)
        path.write_text("".join(chr(0x100 + number) for number in ids), encoding="utf-8")

    def list_options(self) -> list[str]:
        """What follows `charrnn train TEXT`."""
        values = {
            "preset": "quick",
            "units": self.units,
            "seq-length": self.length,
            "batch-size": self.batch,
            "validation": 0,
            "epochs": EPOCHS,
            "checkpoint-every": 0,
            "keep": "last",
        }
        return ["--json", "-q", *(f"--{name}={value}" for name, value in values.items())]


class Measured(NamedTuple):
    """What a process took.

    Attributes:
        lines: what it printed, each a line of JSON.
        seconds: from its start to its end.
        peak: the most memory it had, in MB.
    """

    lines: list[dict[str, float]]
    seconds: float
    peak: float

    @property
    def epoch(self) -> float:
        """Seconds of an epoch."""
        return median(line["seconds"] for line in self.lines[1:])


@dataclass
class Running:
    """A process of the program.

    Attributes:
        process: it.
        began: when, by `time.perf_counter`.
        watch: called after each line that it prints.
    """

    process: "subprocess.Popen[str]"
    began: float
    watch: Callable[[], object] = lambda: None

    def wait(self) -> Measured:
        """Read all that it prints."""
        lines = []
        for line in self.process.stdout or ():
            lines.append(json.loads(line))
            self.watch()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            raise SystemExit(f"{self.process.args} failed")
        return Measured(lines, time.perf_counter() - self.began, usage.ru_maxrss / 1024)


def start(words: Sequence[object], before: Sequence[str] = ()) -> Running:
    """Start the program; `before` is a command that runs it, such as taskset."""
    command = [*before, sys.executable, "-m", "charrnn", *map(str, words)]
    began = time.perf_counter()
    return Running(subprocess.Popen(command, stdout=subprocess.PIPE, text=True), began)  # noqa: S603


def start_training(
    shape: Shape, folder: Path, before: Sequence[str] = (), options: Sequence[str] = ()
) -> Running:
    """Start to train on a text of the shape, in a folder of its own."""
    own = Path(tempfile.mkdtemp(dir=folder))
    shape.write_text(own / "text.txt")
    where = ["--checkpoints", own, *options]
    return start(["train", own / "text.txt", *shape.list_options(), *where], before)


def print_table(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
    """Print rows as they come."""
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |", flush=True)
    print()


def measure_corpus(folder: Path) -> Iterator[Sequence[object]]:
    """Rows of `corpus`: a megabyte of random letters, repeated."""
    letters = np.random.default_rng(0).integers(0, 65, MB, np.uint8) + ord("0")
    text, ids = folder / "text.txt", folder / "text.ids"
    for size in SIZES:
        with text.open("wb") as file:
            for _ in range(size):
                file.write(letters.tobytes())
        prepared = start(["data", "prepare", text, "--out", ids, "-q"]).wait()
        dry = ["--dry-run", "--json", "-q", "--units", 8, "--checkpoints", folder]
        runs = [start(["train", source, *dry]).wait() for source in (text, ids)]
        speed = f"{size / prepared.seconds:.0f}"
        measured = [_show(run.seconds, run.peak) for run in (prepared, *runs)]
        yield [f"{size:,}", measured[0], speed, *measured[1:]]
        ids.unlink()


def _show(seconds: float, peak: float) -> str:
    return f"{seconds:.1f} s, {peak:,.0f} MB"


def measure_shapes(name: str, shapes: Sequence[Shape]) -> Callable[[Path], Iterator[list[object]]]:
    """What gives the rows of a section whose shapes differ in one attribute, or also in units."""

    def measure(folder: Path) -> Iterator[list[object]]:
        for shape in shapes:
            run = start_training(shape, folder).wait()
            step = run.epoch / shape.steps
            yield [
                *([] if name == "units" else [f"{shape.units:,}"]),
                f"{getattr(shape, name):,}",
                f"{shape.parameters / 1e6:.2f} M",
                f"{step * 1e3:,.1f}",
                f"{shape.characters / step:,.0f}",
                f"{shape.operations / step / 1e9:,.0f}",
                f"{run.peak:,.0f}",
            ]

    return measure


def measure_workers(folder: Path) -> Iterator[list[object]]:
    """Rows of `workers`."""
    for shape in (Shape(), Shape(1024, batch=64)):
        half = replace(shape, batch=shape.batch // 2)
        both = f"two processes apart, a core each, {half.batch} rows each"
        apart = 0.0
        for label, one, trainings in (
            ("one process, both cores", shape, [_train_apart(shape, folder, "0,1")]),
            ("one process, one core", shape, [_train_apart(shape, folder, "0")]),
            (both, half, [_train_apart(half, folder, core) for core in CORES]),
            ("2 workers, a core each", shape, [_train_together(shape, folder, 2)]),
            ("4 workers, two a core", shape, [_train_together(shape, folder, 4)]),
        ):
            runs = _wait_for_all(trainings)
            steps = [run.epoch / one.steps for run in runs]
            speed = sum(one.characters / step for step in steps)
            apart = speed if one is half else apart
            share = f"{speed / apart:.0%}" if apart else ""
            step = f"{median(steps) * 1e3:,.0f}"
            yield [f"{shape.units:,}", shape.batch, label, step, f"{speed:,.0f}", share]


Start = Callable[[], list[Running]]


def _train_apart(shape: Shape, folder: Path, cores: str) -> Start:
    return lambda: [start_training(shape, folder, ["taskset", "-c", cores])]


def _train_together(shape: Shape, folder: Path, count: int) -> Start:
    def begin() -> list[Running]:
        addresses = [f"127.0.0.1:{port}" for port in find_ports(count)]
        return start_workers(shape, folder, addresses, [[] for _ in addresses])

    return begin


def start_workers(
    shape: Shape, folder: Path, addresses: Sequence[str], before: Sequence[Sequence[str]]
) -> list[Running]:
    """Start a worker for each address, on the cores in turn; the first is the chief."""
    workers = []
    for index, place in enumerate(before):
        options = ["--workers", ",".join(addresses), "--worker", str(index)]
        pin = ["taskset", "-c", CORES[index % len(CORES)]]
        workers.append(start_training(shape, folder, [*place, *pin], options))
    return workers


def _wait_for_all(trainings: Sequence[Start]) -> list[Measured]:
    """What the processes took that show anything: all but the workers that aren't the chief."""
    running = [process for begin in trainings for process in begin()]
    return [run for run in [process.wait() for process in running] if run.lines]


def find_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in found]


class Network:
    """Namespaces whose packets this script passes on, each after a delay.

    Attributes:
        sent: bytes that each namespace has sent, its packets' headers included.

    Args:
        count: how many namespaces.
        delay: seconds that a packet takes.
        rate: what each may send, as `tc` reads it, such as "1gbit"; None for no limit.
    """

    _MTU = 65_000  # of long packets there are few, so that passing them on costs little
    _SET_INTERFACE, _TUN_WITHOUT_INFO = 0x400454CA, 0x1001

    def __init__(self, count: int, delay: float, rate: str | None) -> None:
        self.names = [f"charrnn{index}" for index in range(count)]
        self.sent = [0] * count
        self._delay, self._rate = delay, rate
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._ended = False

    def __enter__(self) -> Self:
        """Make the namespaces; needs root."""
        self._files = [
            self._add(name, f"10.77.0.{index + 1}/24") for index, name in enumerate(self.names)
        ]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove them."""
        self._ended = True
        self._thread.join()
        for name, file in zip(self.names, self._files, strict=True):
            os.close(file)
            _call("ip", "netns", "del", name)

    @property
    def addresses(self) -> list[str]:
        """Of the workers."""
        return [f"10.77.0.{index + 1}:7000" for index in range(len(self.names))]

    def _add(self, name: str, address: str) -> int:
        """Add a namespace; returns the file through which its packets come and go."""
        file = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH", name.encode(), self._TUN_WITHOUT_INFO)
        fcntl.ioctl(file, self._SET_INTERFACE, request)
        _call("ip", "netns", "add", name)
        _call("ip", "link", "set", name, "netns", name)
        _call("ip", "-n", name, "address", "add", address, "dev", name)
        _call("ip", "-n", name, "link", "set", "lo", "up")
        _call("ip", "-n", name, "link", "set", name, "mtu", str(self._MTU), "up")
        if self._rate:
            limit = ["tbf", "rate", self._rate, "burst", "200kb", "latency", "100ms"]
            _call("tc", "-n", name, "qdisc", "add", "dev", name, "root", *limit)
        return file

    def _pass_on(self) -> None:
        """Read packets, and write each to its destination when its time has come."""
        waiting: deque[tuple[float, int, bytes]] = deque()
        while not self._ended:
            patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.1
            for file in select.select(self._files, [], [], patience)[0]:
                packet = os.read(file, 2**16)
                if packet[0] >> 4 == 4:  # noqa: PLR2004 - IPv4, whose 20th byte ends the destination
                    self.sent[self._files.index(file)] += len(packet)
                    due = time.monotonic() + self._delay
                    waiting.append((due, packet[19] - 1, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, index, packet = waiting.popleft()
                if index in range(len(self._files)):  # not a broadcast
                    os.write(self._files[index], packet)


def _call(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603


LINKS: Sequence[tuple[int, float, str | None]] = (
    (2, 0, None),
    (2, 1, None),
    (2, 5, None),
    (4, 0, None),
    (4, 1, None),
    (4, 5, None),
    (2, 0, "1gbit"),
    (2, 0, "200mbit"),
)
"""Rows of `latency`: workers, milliseconds that a packet takes, and what each may send."""


def measure_latency(folder: Path) -> Iterator[list[object]]:
    """Rows of `latency`."""
    shape = Shape()
    gradient = 4 * shape.parameters
    for count, delay, rate in LINKS:
        sent = []
        with Network(count, delay / 1e3, rate) as network:
            before = [["ip", "netns", "exec", name] for name in network.names]
            chief, *others = start_workers(shape, folder, network.addresses, before)
            chief.watch = lambda network=network, sent=sent: sent.append(sum(network.sent))
            run = chief.wait()
            for other in others:
                other.wait()
        traffic = median(np.diff(sent)) / shape.steps / count
        yield [
            count,
            f"{delay:g} ms",
            rate or "no limit",
            f"{run.epoch / shape.steps * 1e3:,.1f}",
            f"{traffic / MB:.2f} MB",
            f"{traffic / gradient:.3f}",
            f"{2 * (count - 1) / count:.3f}",
        ]


class Section(NamedTuple):
    """A table."""

    columns: Sequence[str]
    measure: Callable[[Path], Iterator[Sequence[object]]]


_COSTS = ("parameters", "ms a step", "characters a second", "GFLOP/s", "peak MB")


def _vary(name: str, shapes: Sequence[Shape]) -> Section:
    columns = ("units",) if name == "units" else ("units", name)
    return Section([*columns, *_COSTS], measure_shapes(name, shapes))


SECTIONS = {
    "corpus": Section(
        ("MB of text", "`data prepare`", "MB/s", "`train TEXT --dry-run`", "`train IDS --dry-run`"),
        measure_corpus,
    ),
    "units": _vary("units", [Shape(units) for units in (128, 256, 512, 1024, 2048)]),
    "vocabulary": _vary(
        "vocabulary", [Shape(vocabulary=size) for size in (65, 256, 1000, 5000, 20_000)]
    ),
    "length": _vary("length", [Shape(length=size) for size in (25, 50, 100, 200, 400, 800)]),
    "batch": _vary(
        "batch",
        [Shape(batch=rows) for rows in (1, 4, 16, 64, 256)]
        + [Shape(2048, batch=rows) for rows in (4, 16, 64)],
    ),
    "workers": Section(
        ("units", "rows", "who", "ms a step", "characters a second", "of two apart"),
        measure_workers,
    ),
    "latency": Section(
        (
            "workers",
            "delay",
            "rate",
            "ms a step",
            "each sends a step",
            "of the gradient",
            "a ring's",
        ),
        measure_latency,
    ),
}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        print(f"`{name}`\n")
        with tempfile.TemporaryDirectory() as folder:
            print_table(SECTIONS[name].columns, SECTIONS[name].measure(Path(folder)))


if __name__ == "__main__":
    main()
