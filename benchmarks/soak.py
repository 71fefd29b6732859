"""Does a long run stay as it began? `python benchmarks/soak.py`.

Trains a tiny network for 500 epochs, then has it write a million characters in one text, and prints
how fast and with how much memory each part of that went. Speeds and memory that stay level are what
is wanted: what grows with every epoch or character would end a run of days.
"""

import argparse
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import charrnn
from charrnn.runs.history import EpochResult

_PARTS = 10
_TEXT = "the quick brown fox jumps over the lazy dog.\n" * 60


def main() -> None:
    """Train, write, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--characters", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _train(Path(folder), options.epochs)
        _write(Path(folder), options.characters)


def _train(checkpoints: Path, epochs: int) -> None:
    print("| epochs | ms an epoch | peak memory, MB |\n|---|---|---|", flush=True)
    began = time.perf_counter()
    part = epochs // _PARTS

    def report(result: EpochResult) -> None:
        nonlocal began
        if result.epoch % part == 0:
            now = time.perf_counter()
            print(f"| {result.epoch:,} | {1000 * (now - began) / part:.0f} | {_find_peak()} |")
            sys.stdout.flush()
            began = now

    charrnn.train(
        text=_TEXT,
        run="soak",
        checkpoints=checkpoints,
        units=8,
        embedding=4,
        seq_length=20,
        batch_size=8,
        epochs=epochs,
        patience=0,
        on_epoch=report,
    )


def _write(checkpoints: Path, characters: int) -> None:
    print("\n| characters | a second | peak memory, MB |\n|---|---|---|", flush=True)
    text = charrnn.load("soak", checkpoints=checkpoints).stream("the ", characters, seed=0)
    part = characters // _PARTS
    for number in range(1, _PARTS + 1):
        seconds = _measure(itertools.islice(text, part))
        print(f"| {number * part:,} | {part / seconds:,.0f} | {_find_peak()} |", flush=True)


def _measure(pieces: Iterator[str]) -> float:
    began = time.perf_counter()
    for _ in pieces:
        pass
    return time.perf_counter() - began


def _find_peak() -> int:
    """The most memory that this process ever had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10


if __name__ == "__main__":
    main()
