"""Milliseconds per training step, against stock Keras and PyTorch: `python benchmarks/training.py`.

Each system trains in a process of its own and waits while another is timed: the script hands
the word round, one burst of steps to each system in turn, and reports the median of a system's
bursts. All systems get the same batches. PyTorch is left out where it isn't installed.

`--command` times `charrnn train` itself instead, on a terminal: its bar, checkpoints and clipping
included.
"""

import argparse
import contextlib
import importlib.util
import math
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Step = Callable[[], object]


@dataclass(frozen=True)
class Work:
    """One row of the table: a network, its batch and the precision that is asked of it."""

    cell: str
    units: int
    precision: str
    depth: int = 1
    both_ways: bool = False
    classifier: bool = False
    vocabulary: int = 65
    embedding: int = 256
    batch: int = 64
    time: int = 100

    def batches(self, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Random ids (B, T) and targets, (B, T) ids or (B, 1) labels; the same at each call."""
        rng = np.random.default_rng(0)
        shape = (self.batch, 1) if self.classifier else (self.batch, self.time)
        top = 2 if self.classifier else self.vocabulary
        return [
            (
                rng.integers(0, self.vocabulary, (self.batch, self.time), dtype=np.int32),
                rng.integers(0, top, shape, dtype=np.int32),
            )
            for _ in range(count)
        ]


def classifier(units: int, precision: str, **sizes: Any) -> Work:
    """A review classifier, 10,000 words and 500 steps."""
    return Work("lstm", units, precision, classifier=True, vocabulary=10_000, time=500, **sizes)


WORK = {
    "LSTM 1024, float32": Work("lstm", 1024, "float32"),
    "LSTM 1024, bfloat16": Work("lstm", 1024, "bfloat16"),
    "GRU 1024, float32": Work("gru", 1024, "float32"),
    "GRU 1024, bfloat16": Work("gru", 1024, "bfloat16"),
    "SimpleRNN 1024, float32": Work("rnn", 1024, "float32"),
    "SimpleRNN 1024, bfloat16": Work("rnn", 1024, "bfloat16"),
    "LSTM 512 x 2, bfloat16": Work("lstm", 512, "bfloat16", depth=2),
    "LSTM 256, bfloat16": Work("lstm", 256, "bfloat16", embedding=64),
    "LSTM 512 at 16 rows, float32": Work("lstm", 512, "float32", embedding=64, batch=16),
    "LSTM 256 at 16 rows, float32": Work("lstm", 256, "float32", embedding=64, batch=16),
    "GRU 512 at 16 rows, float32": Work("gru", 512, "float32", embedding=64, batch=16),
    "SimpleRNN 512 at 16 rows, float32": Work("rnn", 512, "float32", embedding=64, batch=16),
    "LSTM 128, float32": Work("lstm", 128, "float32"),
    "classifier LSTM 32, float32": classifier(32, "float32", batch=128, embedding=32),
    "classifier BiLSTM 64 x 2, float32": classifier(
        64, "float32", batch=512, embedding=16, depth=2, both_ways=True
    ),
    "classifier BiLSTM 64 x 2, bfloat16": classifier(
        64, "bfloat16", batch=512, embedding=16, depth=2, both_ways=True
    ),
}
SYSTEMS = ["charrnn", "keras", "keras jit", "torch"]


def keras_burst(work: Work, system: str, steps: int) -> Step:
    """`model.fit` over the batches, with stock layers or with charrnn's."""
    options: dict[str, Any] = {}
    if system == "charrnn":
        from charrnn.networks import language, layers, recurrent

        options = {"precision": work.precision}
    import keras
    import tensorflow as tf

    cells = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    embedding, dense = keras.layers.Embedding, keras.layers.Dense
    if system == "charrnn":
        cells, dense, embedding = recurrent.LAYERS, layers.Dense, layers.Embedding
    ids = keras.Input((work.time,), batch_size=work.batch, dtype="int32")
    lookup: dict[str, Any] = {}
    if system == "charrnn" and work.vocabulary <= language.PROJECTED * work.embedding:
        outputs, table = embedding(work.vocabulary, work.embedding, return_table=True)(ids)
        lookup = {"ids": ids, "table": table}
    else:
        outputs = embedding(work.vocabulary, work.embedding)(ids)
    for depth in range(work.depth):
        sequences = not work.classifier or depth + 1 < work.depth
        layer = cells[work.cell](
            work.units, return_sequences=sequences, stateful=not work.classifier, **options
        )
        layer = keras.layers.Bidirectional(layer) if work.both_ways else layer
        outputs, lookup = layer(outputs, **lookup), {}
    outputs = dense(1 if work.classifier else work.vocabulary, **options)(outputs)
    model = keras.Model(ids, outputs)
    losses = keras.losses
    kind = losses.BinaryCrossentropy if work.classifier else losses.SparseCategoricalCrossentropy
    model.compile("adam", kind(from_logits=True), jit_compile=system == "keras jit")
    inputs, targets = map(np.stack, zip(*work.batches(steps), strict=True))
    # tf.data's tuner would keep the end of each pass waiting, by seconds, whichever the layers.
    quiet = tf.data.Options()
    quiet.autotune.enabled = False
    data = tf.data.Dataset.from_tensor_slices((inputs, targets)).with_options(quiet)
    return lambda: model.fit(data, shuffle=False, verbose=0)


def torch_burst(work: Work, _system: str, steps: int) -> Step:
    """A plain PyTorch loop; bfloat16 is CPU autocast."""
    import torch
    from torch import nn

    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[work.cell]
    size = work.units * (1 + work.both_ways)
    embedding = nn.Embedding(work.vocabulary, work.embedding)
    cell = kind(
        work.embedding, work.units, work.depth, batch_first=True, bidirectional=work.both_ways
    )
    dense = nn.Linear(size, 1 if work.classifier else work.vocabulary)
    optimizer = torch.optim.Adam([*embedding.parameters(), *cell.parameters(), *dense.parameters()])
    batches = [tuple(torch.from_numpy(a).long() for a in pair) for pair in work.batches(steps)]
    state = None

    def step(ids: torch.Tensor, targets: torch.Tensor) -> float:
        nonlocal state
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=work.precision == "bfloat16"):
            outputs, after = cell(embedding(ids), None if work.classifier else state)
            logits = dense(outputs[:, -1] if work.classifier else outputs).float()
        if work.classifier:
            loss = nn.functional.binary_cross_entropy_with_logits(logits, targets.float())
        else:
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        state = tuple(s.detach() for s in after) if work.cell == "lstm" else after.detach()
        return float(loss.item())

    return lambda: [step(*batch) for batch in batches]


def worker(name: str, system: str, steps: int) -> None:
    """Warm up, say so, then time one burst for each line read."""
    burst = (torch_burst if system == "torch" else keras_burst)(WORK[name], system, steps)
    burst()
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        burst()
        print((time.perf_counter() - begun) / steps * 1e3, flush=True)


def measure(name: str, systems: list[str], steps: int, bursts: int) -> dict[str, float]:
    """Median milliseconds per step of each system, bursts alternating."""
    command = [sys.executable, __file__, "--worker", name, "--steps", str(steps), "--systems"]
    running = {}
    for system in systems:
        process = subprocess.Popen(  # noqa: S603, this script itself
            [*command, system],
            text=True,
            bufsize=1,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        running[system] = process
        if not _answer(process):
            raise SystemExit(f"{system} failed on {name}")
    times: dict[str, list[float]] = {system: [] for system in running}
    for _ in range(bursts):
        for system, process in running.items():
            times[system].append(float(_answer(process, "go\n")))
    for process in running.values():
        process.communicate()
    return {system: median(measured) for system, measured in times.items()}


def _answer(process: "subprocess.Popen[str]", word: str = "") -> str:
    process.stdin.write(word)  # type: ignore[union-attr] # both are pipes
    return process.stdout.readline()  # type: ignore[union-attr]


def report(name: str, times: dict[str, float]) -> str:
    """One line: milliseconds of each, then how many times as fast charrnn is."""
    line = f"{name:36}" + ", ".join(f"{system} {ms:.0f} ms" for system, ms in times.items())
    stock = [ms for system, ms in times.items() if system.startswith("keras")]
    rivals = {"Keras": min(stock)} if stock else {}
    rivals |= {"PyTorch": times["torch"]} if "torch" in times else {}
    ours = times.get("charrnn", math.nan)
    ratios = [f"{rival} / charrnn {ms / ours:.2f}" for rival, ms in rivals.items()]
    return "; ".join([line, *ratios])


def command(work: Work, steps: int) -> float:
    """Milliseconds per step of `charrnn train` on a random text, from one epoch's line to the next.

    The first epoch, which compiles, is left out.
    """
    rng = np.random.default_rng(0)
    letters = np.array([chr(0x100 + letter) for letter in range(work.vocabulary)])
    text = "".join(rng.choice(letters, work.batch * (steps * work.time + 1)))
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus.txt")
        corpus.write_text(text, encoding="utf-8")
        options = {
            "cell": work.cell,
            "units": work.units,
            "layers": work.depth,
            "embedding": work.embedding,
            "batch-size": work.batch,
            "seq-length": work.time,
            "precision": work.precision,
            "validation": 0,
            "epochs": 4,
            "checkpoints": folder,
        }
        flags = [f"--{name}={value}" for name, value in options.items()]
        run = [sys.executable, "-m", "charrnn", "train", str(corpus), *flags]
        terminal, its_end = pty.openpty()
        threading.Thread(target=_drain, args=(terminal,), daemon=True).start()
        with subprocess.Popen(  # noqa: S603, this program
            run, stdout=subprocess.PIPE, stderr=its_end, text=True
        ) as process:
            ends = [time.perf_counter() for _ in process.stdout]  # type: ignore[union-attr]
        os.close(its_end)
    return float(median(np.diff(ends)) / steps * 1e3)


def _drain(terminal: int) -> None:
    with contextlib.suppress(OSError):  # the other end is closed
        while os.read(terminal, 4096):
            pass


def main() -> None:
    """Print a line for each row, or serve as the worker of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"which of: {'; '.join(WORK)}")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--steps", type=int, default=5, help="steps per burst, or per epoch")
    parser.add_argument("--bursts", type=int, default=5)
    parser.add_argument("--command", action="store_true", help="time charrnn train itself")
    parser.add_argument("--worker", metavar="ROW", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker, options.systems[0], options.steps)
        return
    has_torch = importlib.util.find_spec("torch") is not None
    systems = [system for system in options.systems if system != "torch" or has_torch]
    for name in options.rows or WORK:
        if not options.command:
            times = measure(name, systems, options.steps, options.bursts)
            print(report(name, times), flush=True)
        elif not WORK[name].classifier:
            print(f"{name:36}charrnn train {command(WORK[name], options.steps):.0f} ms", flush=True)


if __name__ == "__main__":
    main()
