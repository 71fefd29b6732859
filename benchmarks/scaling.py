"""How cost grows: `python benchmarks/scaling.py [SECTION ...]`.

Each section prints a Markdown table. All training is `charrnn train` in processes of its own, on
random letters that are written into a temporary folder, with the preset quick but for what a table
varies. A step's time is the median over epochs, of which the first, which compiles, is left out;
memory is the process's peak.

`workers` pins each worker to a core. `latency` gives each worker a network namespace, and passes
their packets on itself after holding them back, which needs root but no netem. `paper` and `limits`
measure nothing: they compute what many machines would do from `STEPS`, `BYTE` and `DELAYS`, which
the others have measured.
"""

import argparse
import bisect
import contextlib
import fcntl
import itertools
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
from functools import partial
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
        """How many an epoch has, unless the vocabulary needs a longer text."""
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

    @property
    def speed(self) -> float:
        """Characters a second."""
        return self.lines[-1]["read"] / self.epoch


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
            raise SystemExit("charrnn failed")
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


Start = Callable[[], list[Running]]


def measure_quickest(begin: Start, repeats: int) -> list[Measured]:
    """Run what is begun some times; returns the quickest, since other work only slows it down."""
    return min((wait_for_all(begin()) for _ in range(repeats)), key=lambda runs: runs[0].epoch)


def wait_for_all(running: Sequence[Running]) -> list[Measured]:
    """What those processes took that show anything: workers that aren't the chief don't."""
    return [measured for measured in [process.wait() for process in running] if measured.lines]


def measure_corpus(folder: Path, _repeats: int) -> Iterator[Sequence[object]]:
    """Rows of `corpus`: a megabyte of random letters, repeated."""
    letters = np.random.default_rng(0).integers(0, 65, MB, np.uint8) + ord("0")
    text, ids = folder / "text.txt", folder / "text.ids"
    for size in SIZES:
        with text.open("wb") as file:
            for _ in range(size):
                file.write(letters.tobytes())
        prepared = start(["data", "prepare", text, "--out", ids, "--json", "-q"]).wait()
        dry = ["--dry-run", "--json", "-q", "--units", 8]
        dry += ["--checkpoints", folder, "--data-dir", folder]
        runs = [start(["train", source, *dry]).wait() for source in (text, ids)]
        speed = f"{size / prepared.seconds:.0f}"
        measured = [_show(run.seconds, run.peak) for run in (prepared, *runs)]
        yield [f"{size:,}", measured[0], speed, *measured[1:]]
        ids.unlink()


def _show(seconds: float, peak: float) -> str:
    return f"{seconds:.1f} s, {peak:,.0f} MB"


Rows = Callable[[Path, int], Iterator[Sequence[object]]]


def measure_shapes(name: str, shapes: Sequence[Shape]) -> Rows:
    """What gives the rows of a section whose shapes differ in one attribute, or also in units."""

    def measure(folder: Path, repeats: int) -> Iterator[Sequence[object]]:
        for shape in shapes:
            begin = partial(_start_apart, folder, [(CORES, shape)])
            (run,) = measure_quickest(begin, repeats)
            step = shape.characters / run.speed
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


def measure_workers(folder: Path, repeats: int) -> Iterator[Sequence[object]]:
    """Rows of `workers`."""
    for shape in (Shape(), Shape(1024, batch=64)):
        half = replace(shape, batch=shape.batch // 2)
        two = [(CORES[:1], half), (CORES[1:], half)]
        apart = 0.0
        for label, begin in {
            "one process, both cores": partial(_start_apart, folder, [(CORES, shape)]),
            "one process, one core": partial(_start_apart, folder, [(CORES[:1], shape)]),
            f"two apart, a core and {half.batch} rows each": partial(_start_apart, folder, two),
            "2 workers, a core each": partial(_start_together, folder, shape, 2),
            "4 workers, two a core": partial(_start_together, folder, shape, 4),
        }.items():
            runs = measure_quickest(begin, repeats)
            rows = half if len(runs) > 1 else shape
            step = rows.characters / median(run.speed for run in runs)
            speed = sum(run.speed for run in runs)
            apart = speed if len(runs) > 1 else apart
            share = f"{speed / apart:.0%}" if apart else ""
            yield [
                f"{shape.units:,}",
                shape.batch,
                label,
                f"{step * 1e3:,.1f}",
                f"{speed:,.0f}",
                share,
            ]


def _start_apart(folder: Path, pinned: Sequence[tuple[Sequence[str], Shape]]) -> list[Running]:
    """Start processes that exchange nothing, each on its cores."""
    return [
        start_training(shape, folder, ["taskset", "-c", ",".join(cores)]) for cores, shape in pinned
    ]


def _start_together(folder: Path, shape: Shape, count: int) -> list[Running]:
    addresses = [f"127.0.0.1:{port}" for port in find_ports(count)]
    return start_workers(shape, folder, addresses, [[]] * count)


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


SMALL, QUICK = Shape(64), Shape()
LINKS: Sequence[tuple[Shape, int, float, str | None]] = (
    (QUICK, 2, 0, None),
    (QUICK, 2, 1, None),
    (QUICK, 2, 10, None),
    (QUICK, 4, 0, None),
    (QUICK, 4, 1, None),
    (QUICK, 4, 10, None),
    (QUICK, 8, 0, None),
    (QUICK, 2, 0, "1gbit"),
    (QUICK, 2, 0, "200mbit"),
    (SMALL, 2, 0, None),
    (SMALL, 2, 20, None),
    (SMALL, 4, 0, None),
    (SMALL, 4, 20, None),
    (SMALL, 8, 0, None),
    (SMALL, 8, 20, None),
)
"""Rows of `latency`: workers, milliseconds that a packet takes, and what each may send.

A small network's workers hardly wait for a core, so what a delay costs them is the delay itself.
"""


def measure_latency(folder: Path, repeats: int) -> Iterator[Sequence[object]]:
    """Rows of `latency`."""
    for shape, count, delay, rate in LINKS:
        gradient = 4 * shape.parameters
        found = [measure_link(folder, shape, count, delay / 1e3, rate) for _ in range(repeats)]
        step, traffic = min(found)
        yield [
            shape.units,
            count,
            f"{delay:g} ms",
            rate or "no limit",
            f"{step * 1e3:,.1f}",
            f"{traffic / MB:.2f} MB",
            f"{traffic / gradient:.3f}",
            f"{2 * (count - 1) / count:.3f}",
        ]


def measure_link(
    folder: Path, shape: Shape, count: int, delay: float, rate: str | None
) -> tuple[float, float]:
    """Seconds of a step, and bytes that each worker sends in it, over a `Network`."""
    sent: list[int] = []
    with Network(count, delay, rate) as network:
        places = [["ip", "netns", "exec", name] for name in network.names]
        workers = start_workers(shape, folder, network.addresses, places)
        workers[0].watch = lambda: sent.append(sum(network.sent))
        (run,) = wait_for_all(workers)
    an_epoch = median([after - before for before, after in itertools.pairwise(sent)])
    return shape.characters / run.speed, an_epoch / shape.steps / count


TEXT = 10**12  # characters: 1 TB
CROWDS = (1, 8, 64, 512)  # machines


STEPS = {
    (512, 16): 0.0528,
    (512, 64): 0.1664,
    (512, 256): 0.7542,
    (2048, 16): 0.6290,
    (2048, 64): 2.0785,
}
"""Units and rows of 100 characters to seconds of a step, as `batch` measured."""

BYTE = 3.9e-9  # seconds for each that is sent: 2 workers against two apart, by `workers`
DELAYS = 2  # that a step waits for, however many machines: by `latency`, of 64 units
DELAYS_A_HOP = 1  # and for each of the ring's hops
HALF = 0.5


@dataclass(frozen=True)
class Machines:
    """Many machines like the one that was measured, which train one network.

    Attributes:
        units: of the network.
        rows: of each machine; part of `STEPS`.
        length: characters of a window; a step of twice as many takes twice as long.
        rate: what each machine can send, Gbit/s.
        delay: seconds that a packet takes from one machine to another.
    """

    units: int = 512
    rows: int = 64
    length: int = 100
    rate: float = 10
    delay: float = 1e-4

    @property
    def compute(self) -> float:
        """Seconds of a step of one machine alone."""
        return STEPS[self.units, self.rows] * self.length / 100

    def exchange(self, count: int) -> float:
        """Seconds that adding the gradient up takes in a ring."""
        if count == 1:
            return 0.0
        hops = 2 * (count - 1)
        sent = 4 * Shape(self.units).parameters * hops / count
        return sent * (BYTE + 8 / (self.rate * 1e9)) + (DELAYS + DELAYS_A_HOP * hops) * self.delay

    def find_efficiency(self, count: int) -> float:
        """The part of a step in which a machine computes."""
        return self.compute / (self.compute + self.exchange(count))

    def find_hours(self, count: int) -> float:
        """Hours of an epoch."""
        steps = TEXT / (count * self.rows * self.length)
        return steps * (self.compute + self.exchange(count)) / 3600

    def find_most(self) -> int:
        """How many machines are each at least half as fast as alone."""
        counts = range(1, 10**6)
        return bisect.bisect(counts, -HALF, key=lambda count: -self.find_efficiency(count))


RATES = (1, 10, 100)


def compute_epochs(_folder: Path, _repeats: int) -> Iterator[Sequence[object]]:
    """Rows of `paper`."""
    for units, rows, rate in itertools.product((512, 2048), (16, 64), RATES):
        machines = Machines(units, rows, rate=rate)
        epochs = [_show_epoch(machines, count) for count in CROWDS]
        yield [f"{units:,}", rows, rate, *epochs, f"{machines.find_most():,}"]


def _show_epoch(machines: Machines, count: int) -> str:
    hours = machines.find_hours(count)
    share = f", {machines.find_efficiency(count):.0%}" if count > 1 else ""
    return f"{hours:,.0f} h{share}"


def compute_limits(_folder: Path, _repeats: int) -> Iterator[Sequence[object]]:
    """Rows of `limits`: what moves the number of machines that are half as fast as alone."""
    usual = Machines()
    for label, machines in {
        "64 rows of 100, 10 Gbit/s, 0.1 ms": usual,
        "16 rows": replace(usual, rows=16),
        "256 rows": replace(usual, rows=256),
        "windows of 400": replace(usual, length=400),
        "2,048 units": replace(usual, units=2048),
        "1 Gbit/s": replace(usual, rate=1),
        "100 Gbit/s": replace(usual, rate=100),
        "0.01 ms": replace(usual, delay=1e-5),
        "1 ms": replace(usual, delay=1e-3),
        "256 rows, 0.01 ms, 100 Gbit/s": replace(usual, rows=256, delay=1e-5, rate=100),
    }.items():
        count = machines.find_most()
        parts = machines.compute, machines.exchange(2), machines.exchange(512)
        yield [label, *(f"{part * 1e3:,.0f}" for part in parts), f"{count:,}"]


class Section(NamedTuple):
    """A table."""

    columns: Sequence[str]
    measure: Rows


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
            "units",
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
    "paper": Section(
        (
            "units",
            "rows each",
            "Gbit/s",
            *(f"{count} machine{'s' * (count > 1)}" for count in CROWDS),
            "half as fast each",
        ),
        compute_epochs,
    ),
    "limits": Section(
        ("changed", "compute, ms", "exchange of 2, ms", "of 512, ms", "half as fast each"),
        compute_limits,
    ),
}


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--repeats", type=int, default=1, help="show the quickest of so many runs")
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        print(f"`{name}`\n")
        with tempfile.TemporaryDirectory() as folder:
            rows = SECTIONS[name].measure(Path(folder), options.repeats)
            print_table(SECTIONS[name].columns, rows)


if __name__ == "__main__":
    main()
