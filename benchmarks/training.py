"""Milliseconds per training step, against stock Keras and PyTorch: `python benchmarks/training.py`.

Each system trains in a process of its own and waits while another is timed: the script hands
the word round, one burst of steps to each system in turn, and reports the median of a system's
bursts. All systems get the same batches. PyTorch is left out where it isn't installed.

Stock Keras is always in float32; PyTorch has the row's precision. Each system has its own
library's Adam, charrnn the `CompiledAdam` that language models are trained with, without clipping.
A preset's row has the sizes of that preset and the precision that charrnn chooses on this machine,
but no dropout.

After a row's steps the script times large matrix products in the row's precision. It reports how
long the products of charrnn's step would take at that rate, and what share of the step that is:
at 100% a step would do nothing else.

`--command` times `charrnn train` itself instead, on a terminal: its bar, checkpoints and clipping
included.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from charrnn.config.fields import AUTO, GATES
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import LANGUAGE_PRESETS, TUTORIAL

Step = Callable[[], object]

LARGE = 2048  # rows and columns of a product that runs at the processor's full rate


@dataclass(frozen=True)
class Work:
    """One row of the table: a network, its batch and the precision that is asked of it.

    Attributes:
        projected: whether charrnn projects the embedding's table instead of the text.
    """

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
    projected: bool = False

    @property
    def operations(self) -> int:
        """Additions and multiplications of charrnn's matrix products in a training step.

        Each product forward has two of its size backward. A classifier's dense layer is too small
        to count.
        """
        rows, ways = self.batch * self.time, 1 + self.both_ways
        gates = ways * GATES[self.cell] * self.units
        products = (self.vocabulary if self.projected else rows) * self.embedding * gates
        products += (self.depth - 1) * rows * ways * self.units * gates
        products += self.depth * rows * self.units * gates
        products += 0 if self.classifier else rows * ways * self.units * self.vocabulary
        return 3 * 2 * products

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


def list_presets() -> dict[str, Work]:
    """The language presets but the tutorial's, one row for all that have the same sizes."""
    rows: dict[Work, list[str]] = {}
    for preset, cells in LANGUAGE_PRESETS.items():
        for cell, values in cells.items() if preset != TUTORIAL else ():
            rows.setdefault(_read_preset(cell, values), []).append(preset)
    return {f"{', '.join(presets)} {work.cell}": work for work, presets in rows.items()}


def _read_preset(cell: str, values: Mapping[str, Any]) -> Work:
    return Work(
        cell,
        values.get("units", NetworkConfig.units),
        AUTO,
        depth=values.get("layers", NetworkConfig.layers),
        embedding=values.get("embedding", NetworkConfig.embedding),
        batch=values.get("batch_size", TrainingConfig.batch_size),
        time=values.get("seq_length", TrainingConfig.seq_length),
    )


WORK = {
    "LSTM 1024, float32": Work("lstm", 1024, "float32"),
    "LSTM 1024, bfloat16": Work("lstm", 1024, "bfloat16"),
    "GRU 1024, float32": Work("gru", 1024, "float32"),
    "GRU 1024, bfloat16": Work("gru", 1024, "bfloat16"),
    "SimpleRNN 1024, float32": Work("rnn", 1024, "float32"),
    "SimpleRNN 1024, bfloat16": Work("rnn", 1024, "bfloat16"),
    "LSTM 512 x 2, bfloat16": Work("lstm", 512, "bfloat16", depth=2),
    "LSTM 256, bfloat16": Work("lstm", 256, "bfloat16", embedding=64),
    **list_presets(),
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


def settle(names: list[str]) -> list[Work]:
    """The rows of these names with what charrnn chooses for them; imports TensorFlow."""
    from charrnn.networks.language import PROJECTED
    from charrnn.networks.precision import choose_precision

    return [
        replace(
            work,
            precision=choose_precision(work.precision, work.units).name,
            projected=work.vocabulary <= PROJECTED * work.embedding,
        )
        for work in (WORK[name] for name in names)
    ]


class Library(NamedTuple):
    """What a Keras model is made of: functions that return layers, and an optimizer."""

    embedding: Callable[..., Any]
    cell: Callable[..., Any]
    adam: Callable[[], Any]


def _import_charrnn(work: Work) -> Library:
    from charrnn.networks import layers, recurrent
    from charrnn.training.adam import CompiledAdam

    return Library(
        partial(layers.Embedding, return_table=work.projected),
        partial(recurrent.LAYERS[work.cell], precision=work.precision),
        _import_keras(work).adam if work.classifier else CompiledAdam,
    )


def _import_keras(work: Work) -> Library:
    import keras

    cells = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
    return Library(keras.layers.Embedding, cells[work.cell], keras.optimizers.Adam)


def build_model(work: Work, library: Library) -> Any:
    """A Keras model from ids (B, T) to logits."""
    import keras

    ids = keras.Input((work.time,), batch_size=work.batch, dtype="int32")
    signal, lookup = library.embedding(work.vocabulary, work.embedding)(ids), {}
    if isinstance(signal, (tuple, list)):
        signal, table = signal
        lookup = {"ids": ids, "table": table}
    for depth in range(work.depth):
        sequences = not work.classifier or depth + 1 < work.depth
        layer = library.cell(work.units, return_sequences=sequences, stateful=not work.classifier)
        layer = keras.layers.Bidirectional(layer) if work.both_ways else layer
        signal, lookup = layer(signal, **lookup), {}
    return keras.Model(ids, keras.layers.Dense(1 if work.classifier else work.vocabulary)(signal))


def keras_burst(work: Work, system: str, steps: int) -> Step:
    """`model.fit` over the batches, with stock layers or with charrnn's."""
    library = (_import_charrnn if system == "charrnn" else _import_keras)(work)
    import keras
    import tensorflow as tf

    model = build_model(work, library)
    losses = keras.losses
    kind = losses.BinaryCrossentropy if work.classifier else losses.SparseCategoricalCrossentropy
    model.compile(library.adam(), kind(from_logits=True), jit_compile=system == "keras jit")
    inputs, targets = map(np.stack, zip(*work.batches(steps), strict=True))
    # tf.data's tuner would keep the end of each pass waiting, by seconds, whichever the layers.
    quiet = tf.data.Options()
    quiet.autotune.enabled = False
    data = tf.data.Dataset.from_tensor_slices((inputs, targets)).with_options(quiet)
    return lambda: model.fit(data, shuffle=False, verbose=0)


def torch_burst(work: Work, _system: str, steps: int) -> Step:
    """A plain PyTorch loop; bfloat16 is CPU autocast."""
    import torch
    from torch.nn import functional

    embedding, cell, dense = layers = _build_torch(work)
    optimizer = torch.optim.Adam(layers.parameters())
    batches = [tuple(torch.from_numpy(a).long() for a in pair) for pair in work.batches(steps)]
    state = None

    def step(ids: torch.Tensor, targets: torch.Tensor) -> float:
        nonlocal state
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=work.precision == "bfloat16"):
            outputs, after = cell(embedding(ids), None if work.classifier else state)
            logits = dense(outputs[:, -1] if work.classifier else outputs).float()
        if work.classifier:
            loss = functional.binary_cross_entropy_with_logits(logits, targets.float())
        else:
            loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        state = tuple(s.detach() for s in after) if work.cell == "lstm" else after.detach()
        return float(loss.item())

    return lambda: [step(*batch) for batch in batches]


def _build_torch(work: Work) -> Any:
    from torch import nn

    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[work.cell]
    sizes = work.embedding, work.units, work.depth
    return nn.ModuleList(
        [
            nn.Embedding(work.vocabulary, work.embedding),
            kind(*sizes, batch_first=True, bidirectional=work.both_ways),
            nn.Linear(work.units * (1 + work.both_ways), 1 if work.classifier else work.vocabulary),
        ]
    )


def products_burst(work: Work, _system: str, steps: int) -> Step:
    """Large products alone, in bfloat16 if the row's are and the processor gains by it."""
    a, b = np.random.default_rng(0).standard_normal((2, LARGE, LARGE), dtype=np.float32)
    if work.precision == "bfloat16":
        from charrnn.networks.precision import choose_precision

        if choose_precision(AUTO, LARGE).name == "bfloat16":
            import tensorflow as tf

            factors = tf.cast(a, tf.bfloat16), tf.cast(b, tf.bfloat16)
            return lambda: [tf.matmul(*factors) for _ in range(steps)]
    result = np.empty_like(a)
    return lambda: [np.matmul(a, b, out=result) for _ in range(steps)]


BURSTS = {
    **dict.fromkeys(SYSTEMS, keras_burst),
    "torch": torch_burst,
    "products": products_burst,
}


def worker(work: Work, system: str, steps: int) -> None:
    """Warm up, say so, then time one burst for each line read."""
    burst = BURSTS[system](work, system, steps)
    burst()
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter()
        burst()
        print((time.perf_counter() - begun) / steps * 1e3, flush=True)


def measure(work: Work, systems: list[str], steps: int, bursts: int) -> dict[str, float]:
    """Median milliseconds per step, or large product, of each system, bursts alternating."""
    running = {system: _start(work, system, steps) for system in systems}
    times: dict[str, list[float]] = {system: [] for system in running}
    for _ in range(bursts):
        for system, process in running.items():
            times[system].append(float(_answer(process, "go\n")))
    for process in running.values():
        process.communicate()
    return {system: median(measured) for system, measured in times.items()}


def _start(work: Work, system: str, steps: int) -> "subprocess.Popen[str]":
    options = ["--worker", system, json.dumps(asdict(work)), "--steps", str(steps)]
    process = subprocess.Popen(  # noqa: S603, this script itself
        [sys.executable, __file__, *options],
        text=True,
        bufsize=1,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if not _answer(process):
        raise SystemExit(f"{system} failed on {work}")
    return process


def _answer(process: "subprocess.Popen[str]", word: str = "") -> str:
    process.stdin.write(word)  # type: ignore[union-attr] # both are pipes
    return process.stdout.readline()  # type: ignore[union-attr]


def report(label: str, times: dict[str, float]) -> str:
    """One line: milliseconds of each, then how many times as fast charrnn is."""
    line = label + ", ".join(f"{system} {ms:.1f} ms" for system, ms in times.items())
    stock = [ms for system, ms in times.items() if system.startswith("keras")]
    rivals = {"Keras": min(stock)} if stock else {}
    rivals |= {"PyTorch": times["torch"]} if "torch" in times else {}
    ours = times.get("charrnn")
    ratios = [f"{rival} / charrnn {ms / ours:.2f}" for rival, ms in rivals.items() if ours]
    return "; ".join([line, *ratios])


def report_limit(work: Work, step: float, product: float) -> str:
    """How long the products of a step would take at the rate of a large one, and its share.

    Args:
        work: the row.
        step: milliseconds of charrnn's step.
        product: milliseconds of a product of two LARGE x LARGE matrices.
    """
    rate = 2 * LARGE**3 / product
    alone = work.operations / rate
    return f"products alone {alone:.1f} ms ({alone / step:.0%}) at {rate / 1e6:.0f} GFLOP/s"


def compare(work: Work, label: str, options: argparse.Namespace) -> str:
    """Measure one row, and report it."""
    sizes = options.steps, options.bursts
    times = measure(work, options.systems, *sizes)
    line = report(label, times)
    if "charrnn" not in times:
        return line
    product = measure(work, ["products"], *sizes)["products"]
    return f"{line}; {report_limit(work, times['charrnn'], product)}"


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
    options = _parse()
    if options.worker:
        system, work = options.worker
        worker(Work(**json.loads(work)), system, options.steps)
        return
    if importlib.util.find_spec("torch") is None:
        options.systems = [system for system in options.systems if system != "torch"]
    # In a process of its own: importing charrnn's networks sets XLA_FLAGS, also for stock Keras.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        rows = pool.submit(settle, options.rows or list(WORK)).result()
    for name, work in zip(options.rows or WORK, rows, strict=True):
        label = f"{name if work.precision in name else f'{name}, {work.precision}':36}"
        if not options.command:
            print(compare(work, label, options), flush=True)
        elif not work.classifier:
            print(f"{label}charrnn train {command(work, options.steps):.1f} ms", flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"which of: {'; '.join(WORK)}")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--steps", type=int, default=5, help="steps per burst, or per epoch")
    parser.add_argument("--bursts", type=int, default=5)
    parser.add_argument("--command", action="store_true", help="time charrnn train itself")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
