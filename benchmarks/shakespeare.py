"""What each preset and cell learns from tiny Shakespeare: `python benchmarks/shakespeare.py`.

Trains one run after another with the program itself, from its start to its end by the clock,
measures each both ways, and lets it write. Finished runs are measured again, but not trained
again. Prints the rows and samples of docs/results/shakespeare.md and draws its curves.
"""

import argparse
import itertools
import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from charrnn.runs.atomic import write_atomically
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

RUNS = {
    "minute": ["--preset", "minute"],
    "quick": ["--preset", "quick"],
    "default": [],
    "gru": ["--cell", "gru"],
    "rnn": ["--cell", "rnn"],
    "minute-gru": ["--preset", "minute", "--cell", "gru"],
}
"""Name of a run to what is added to `charrnn train`."""

_GOAL = 1.4697  # nanoGPT's, in crops
_NEAR = 0.03  # further than 64 cold streams were from one; epochs beyond are not measured
_MODES = ("stream", "crops")
_SECONDS = "seconds.json"  # how long a run took, in its folder


def main() -> None:
    """Train what is asked for, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--corpus", default="shakespeare")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/benchmark"))
    parser.add_argument("--picture", type=Path, help="draw the curves here, a PNG")
    options = parser.parse_args()
    rows = {}
    for name in options.runs or RUNS:
        run = Run(options.checkpoints / name, LANGUAGE)
        if not (run.folder / _SECONDS).exists():
            _train(run, RUNS[name], options.corpus)
        rows[name] = _measure(run)
        print(_make_row(RUNS[name], options.corpus, rows[name]), flush=True)
    for name, row in rows.items():
        print(f"\n`{name}`:\n\n```text\n{row['sample']}\n```")
    if options.picture:
        _draw(options.picture, {name: Run(options.checkpoints / name, LANGUAGE) for name in rows})


def _train(run: Run, words: list[str], corpus: str) -> None:
    began = time.monotonic()
    _run_charrnn("train", corpus, *words, "--run", run.name, "--checkpoints", run.folder.parent)
    write_atomically(run.folder / _SECONDS, json.dumps(time.monotonic() - began).encode())


def _measure(run: Run) -> dict[str, Any]:
    from charrnn.runs.checkpoint import read_checkpoint

    history, seconds = run.read_history(), json.loads((run.folder / _SECONDS).read_bytes())
    own = ("--checkpoints", run.folder.parent)
    sample = ("sample", "\n", "--temp", "0.8", "--length", "300", "--seed", "1", "--run", run.name)
    return {
        "parameters": read_checkpoint(run.choose_checkpoint()).network.parameters,
        "minutes": seconds / 60,
        "epochs": f"{run.find_best_epoch()} of {len(history)}",
        "losses": _measure_losses(run, run.find_best_epoch(), "both"),
        "passed": _find_passed(run, seconds),
        "sample": _run_charrnn(*sample, *own).strip("\n"),
    }


def _measure_losses(run: Run, epoch: int | None, mode: str) -> dict[str, float]:
    """Nats per character of the validation text, if there is one: in a stream, in crops."""
    if run.read_history()[0].validation_loss is None:
        return {}
    words = ("--epoch", epoch, "--mode", mode, "--json", "--checkpoints", run.folder.parent)
    lines = _run_charrnn("evaluate", run.name, *words)
    rows = [json.loads(line) for line in lines.splitlines()]
    return {row["mode"]: row["nats_per_character"] for row in rows}


def _find_passed(run: Run, seconds: float) -> dict[str, float]:
    """Minutes, the start's included, until an epoch ended whose stream, or crops, were below."""
    history = run.read_history()
    start = seconds - sum(result.seconds for result in history)
    ends = [start + total for total in itertools.accumulate(row.seconds for row in history)]
    passed = {}
    for mode in _MODES:
        for result, end in zip(history, ends, strict=True):
            near = (result.validation_loss or math.inf) < _GOAL + _NEAR
            if near and _measure_losses(run, result.epoch, mode)[mode] < _GOAL:
                passed[mode] = end / 60
                break
    return passed


def _make_row(words: list[str], corpus: str, row: dict[str, Any]) -> str:
    command = " ".join(["charrnn train", *([] if corpus == "shakespeare" else [corpus]), *words])
    cells = [
        f"`{command}`",
        f"{row['parameters']:,}",
        row["epochs"],
        f"{row['minutes']:.1f}",
        *(f"{row['losses'][mode]:.4f}" if row["losses"] else "" for mode in _MODES),
        *(f"{row['passed'][mode]:.1f}" if mode in row["passed"] else "" for mode in _MODES),
    ]
    return f"| {' | '.join(cells)} |"


def _run_charrnn(*words: object) -> str:
    command = [sys.executable, "-m", "charrnn", *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def _draw(path: Path, runs: dict[str, Run]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for name, run in runs.items():
        history = run.read_history()
        if history[0].validation_loss is None:
            continue
        minutes = [total / 60 for total in itertools.accumulate(row.seconds for row in history)]
        axes.plot(minutes, [row.loss for row in history], marker=".", label=name)
    axes.axhline(_GOAL, color="0.5", linestyle="--", label="nanoGPT, in crops of 256")
    axes.set(xlabel="minutes", ylabel="validation loss, nats per character")
    axes.set(xscale="log", ylim=(1.3, 2.0))
    axes.set_xticks([0.3, 1, 3, 10, 30], ["0.3", "1", "3", "10", "30"])
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
