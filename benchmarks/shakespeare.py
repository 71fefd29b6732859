"""What each preset and cell learns of tiny Shakespeare: `python benchmarks/shakespeare.py`.

Trains one run after another with the program itself, from its start to its end by the clock,
measures each both ways, and lets it write. Runs that are there already are measured again, not
trained again. Prints the tables of docs/results/shakespeare.md and draws its curves.
"""

import argparse
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from charrnn.files import write_atomically
from charrnn.runs import Run

RUNS = {
    "minute": ["--preset", "minute"],
    "quick": ["--preset", "quick"],
    "default": [],
    "gru": ["--cell", "gru"],
    "rnn": ["--cell", "rnn"],
    "minute-gru": ["--preset", "minute", "--cell", "gru"],
    "minute-rnn": ["--preset", "minute", "--cell", "rnn"],
    "quick-gru": ["--preset", "quick", "--cell", "gru"],
    "quick-rnn": ["--preset", "quick", "--cell", "rnn"],
    "budget-6": ["--budget", "6"],
    "tutorial-rnn": ["--preset", "tutorial", "--cell", "rnn", "--epochs", "2"],
}
"""Name of a run to what is added to `charrnn train`."""

GOAL = 1.4697  # nanoGPT's


def main() -> None:
    """Train what is asked for, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--corpus", default="shakespeare")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/benchmark"))
    parser.add_argument("--picture", type=Path, help="draw the curves here, a PNG")
    options = parser.parse_args()
    rows = {}
    for name in options.runs or RUNS:
        run = Run(options.checkpoints / name)
        if not run.folder.exists():
            _train(run, RUNS[name], options.corpus)
        rows[name] = _measured(run)
        print(_row(name, RUNS[name], options.corpus, rows[name]), flush=True)
    for name, row in rows.items():
        print(f"\n`{name}`:\n\n```text\n{row['sample']}\n```")
    if options.picture:
        _draw(options.picture, {name: Run(options.checkpoints / name) for name in rows})


def _train(run: Run, words: list[str], corpus: str) -> None:
    began = time.monotonic()
    _charrnn("train", corpus, *words, "--run", run.name, "--checkpoints", run.folder.parent)
    took = json.dumps(time.monotonic() - began)
    write_atomically(run.folder / "seconds.json", took.encode())


def _measured(run: Run) -> dict[str, Any]:
    from charrnn.checkpoint import read

    own = ("--checkpoints", run.folder.parent)
    history = run.history()
    if history[0].validation_loss is None:
        losses = {"stream": None, "crops": None}
    else:
        told = _charrnn("evaluate", run.name, "--json", *own)
        rows = [json.loads(line) for line in told.splitlines()]
        losses = {row["mode"]: row["nats_per_character"] for row in rows}
    sample = ("sample", "\n", "--temp", "0.8", "--length", "300", "--seed", "1", "--run", run.name)
    passed = [result.epoch for result in history if (result.validation_loss or 9) < GOAL]
    return {
        "parameters": read(run.checkpoint_file()).network.parameters,
        "minutes": json.loads((run.folder / "seconds.json").read_bytes()) / 60,
        "epochs": f"{run.best_epoch()} of {len(history)}",
        "train": [result.train_loss for result in history],
        "passed": sum(result.seconds for result in history[: passed[0]]) / 60 if passed else None,
        "sample": _charrnn(*sample, *own).strip("\n"),
        **losses,
    }


def _row(name: str, words: list[str], corpus: str, row: dict[str, Any]) -> str:
    command = " ".join(["charrnn train", *([] if corpus == "shakespeare" else [corpus]), *words])
    cells = [
        name,
        f"`{command}`",
        f"{row['parameters']:,}",
        row["epochs"],
        f"{row['minutes']:.1f}",
        *(("" if row[mode] is None else f"{row[mode]:.4f}") for mode in ("stream", "crops")),
        "" if row["passed"] is None else f"{row['passed']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _charrnn(*words: object) -> str:
    command = [sys.executable, "-m", "charrnn", *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def _draw(path: Path, runs: dict[str, Run]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for name, run in runs.items():
        history = run.history()
        if history[0].validation_loss is None:
            continue
        minutes = [total / 60 for total in itertools.accumulate(row.seconds for row in history)]
        axes.plot(minutes, [row.loss for row in history], marker=".", label=name)
    axes.axhline(GOAL, color="0.5", linestyle="--", label="nanoGPT, 10.7 M parameters, on a GPU")
    axes.set(xlabel="minutes on two cores", ylabel="validation loss, nats per character")
    axes.set(xscale="log", ylim=(1.3, 2.0))
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
