"""What each preset and cell learns from tiny Shakespeare: `python benchmarks/shakespeare.py`.

Trains every RUN once per seed with the program itself, from its start to its end by the clock, and
measures its last epoch both ways. Prints the table and, of the first seed, the samples of
docs/results/shakespeare.md, and draws its curves:

    python benchmarks/shakespeare.py minute quick --seeds 0 1 2 --picture curves.png

`--choose` is for choosing settings, and never reads the text that the table is about: it trains on
the first 90% of the corpus, holds back the last tenth of that, and prints each epoch's losses.
What follows `--` goes to `charrnn train`:

    python benchmarks/shakespeare.py quick --choose --seeds 0 -- --learning-rate 0.02

Finished runs are not trained again: remove their folders after changing a preset.
"""

import argparse
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from charrnn.api.arguments import choose_folders
from charrnn.config.language import TrainingConfig
from charrnn.data.corpus import load_corpus, split_text
from charrnn.runs.atomic import write_atomically
from charrnn.runs.checkpoint import read_checkpoint
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
_PATIENCE = ("--patience", "0")  # else the reported text would decide when a run ends
_SECONDS = "seconds.json"  # how long a run took, in its folder
_COLUMNS = ("command", "parameters", "epochs", "minutes", *_MODES, f"stream below {_GOAL} after")


@dataclass(frozen=True)
class Result:
    """What was measured of a run after its last epoch."""

    parameters: int
    epochs: int
    minutes: float  # by the clock, the program's start included
    losses: dict[str, float]  # nats per character of the validation text, by mode
    passed: float | None  # minutes until the stream was below the goal after an epoch


def main() -> None:
    """Train what is asked for, and print the results."""
    options = _parse_arguments(sys.argv[1:])
    (_choose if options.choose else _report)(options)


def _parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """The options; `words` is what follows `--`, `runs` is part of `RUNS`."""
    own = list(itertools.takewhile("--".__ne__, arguments))
    usage = "%(prog)s [RUN ...] [options] [-- WORD ...]"
    parser = argparse.ArgumentParser(usage=usage, description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="0 1 2 by default")
    parser.add_argument("--choose", action="store_true", help="try settings on other text")
    parser.add_argument("--corpus", default="shakespeare")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/benchmark"))
    parser.add_argument("--picture", type=Path, help="draw the curves here, a PNG")
    options = parser.parse_args(own)
    if unknown := [name for name in options.runs if name not in RUNS]:
        parser.error(f"no run {unknown[0]}: choose {', '.join(RUNS)}")
    options.runs = {name: RUNS[name] for name in options.runs or RUNS}
    options.words = arguments[len(own) + 1 :]
    if options.words and not options.choose:
        parser.error("settings after -- are to be chosen, not reported: add --choose")
    return options


def _report(options: argparse.Namespace) -> None:
    """Print the table, then what the first seeds' networks write; draw their curves."""
    firsts = {}
    print(f"| {' | '.join(_COLUMNS)} |\n{'|---' * len(_COLUMNS)}|", flush=True)
    for name, words in options.runs.items():
        stem = options.checkpoints / name
        runs = [_train(stem, seed, options.corpus, words) for seed in options.seeds]
        results = [_measure(run) for run in runs]
        print(_make_row(_show_command(options.corpus, words), results), flush=True)
        firsts[name] = runs[0]
    for name, run in firsts.items():
        print(f"\n`{name}`:\n\n```text\n{_write_sample(run)}\n```")
    if options.picture:
        _draw(options.picture, firsts)


def _choose(options: argparse.Namespace) -> None:
    """Print the losses of trials on the first part of the corpus."""
    folder = options.checkpoints / "choose"
    corpus = _write_training_text(options.corpus, folder)
    for (name, preset), seed in itertools.product(options.runs.items(), options.seeds):
        words = [*preset, *options.words]
        run = _train(folder / _name_trial(name, options.words), seed, corpus, words)
        print(f"`{_show_command(corpus, words)}`, seed {seed}\n\nepoch   train  validation")
        for result in run.read_history():
            print(f"{result.epoch:5}  {result.train_loss:.4f}  {result.loss:10.4f}")
        print(flush=True)


def _write_training_text(source: str, folder: Path) -> str:
    """The path of a file with the part of a corpus that reported runs learn from."""
    corpus = load_corpus([source], choose_folders(None, None).data, sys.stdin.buffer)
    training, _ = split_text(corpus.text, TrainingConfig.validation)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{corpus.name}-training.txt"
    write_atomically(path, str(training).encode())
    return str(path)


def _name_trial(name: str, words: Sequence[str]) -> str:
    """A name that says what was tried: quick-learning-rate-0.02."""
    return "-".join([name, *(re.sub(r"[^\w.+-]", "-", word.lstrip("-")) for word in words)])


def _train(stem: Path, seed: int, corpus: str, words: Sequence[str]) -> Run:
    """The run in the folder STEM-seedSEED, trained now unless it was before."""
    run = Run(stem.with_name(f"{stem.name}-seed{seed}"), LANGUAGE)
    if not (run.folder / _SECONDS).exists():
        own = ("--seed", seed, "--run", run.name, "--checkpoints", run.checkpoints)
        began = time.monotonic()
        _run_charrnn("train", corpus, *_PATIENCE, *words, *own)
        write_atomically(run.folder / _SECONDS, json.dumps(time.monotonic() - began).encode())
    return run


def _measure(run: Run) -> Result:
    last = run.read_history()[-1].epoch
    seconds = json.loads((run.folder / _SECONDS).read_bytes())
    return Result(
        parameters=read_checkpoint(run.choose_checkpoint(last)).network.parameters,
        epochs=last,
        minutes=seconds / 60,
        losses=_measure_losses(run, last, "both"),
        passed=_find_passed(run, seconds),
    )


def _measure_losses(run: Run, epoch: int, mode: str) -> dict[str, float]:
    """Nats per character of the validation text: in a stream, in crops."""
    words = ("--epoch", epoch, "--mode", mode, "--json", "--checkpoints", run.checkpoints)
    lines = _run_charrnn("evaluate", run.name, *words)
    rows = [json.loads(line) for line in lines.splitlines()]
    return {row["mode"]: row["nats_per_character"] for row in rows}


def _find_passed(run: Run, seconds: float) -> float | None:
    """Minutes, the start's included, until an epoch ended whose stream was below the goal."""
    history = run.read_history()
    start = seconds - sum(result.seconds for result in history)
    ends = [start + total for total in itertools.accumulate(row.seconds for row in history)]
    for result, end in zip(history, ends, strict=True):
        near = result.loss < _GOAL + _NEAR
        if near and _measure_losses(run, result.epoch, "stream")["stream"] < _GOAL:
            return end / 60
    return None


def _show_command(corpus: str, words: Sequence[str]) -> str:
    return " ".join(["charrnn train", *([] if corpus == "shakespeare" else [corpus]), *words])


def _make_row(command: str, results: Sequence[Result]) -> str:
    """A row of the table: a command, and what was measured of its runs, one for each seed."""
    cells = [
        f"`{command}`",
        f"{results[0].parameters:,}",
        " or ".join(map(str, sorted({result.epochs for result in results}))),
        f"{mean(result.minutes for result in results):.1f}",
        *(_show_range([result.losses[mode] for result in results]) for mode in _MODES),
        _show_passed([result.passed for result in results]),
    ]
    return f"| {' | '.join(cells)} |"


def _show_range(losses: Sequence[float]) -> str:
    """Mean, lowest and highest."""
    spread = f" ({min(losses):.4f} to {max(losses):.4f})" if len(losses) > 1 else ""
    return f"{mean(losses):.4f}{spread}"


def _show_passed(minutes: Sequence[float | None]) -> str:
    """Mean of those that passed, and how many they are unless all."""
    passed = [value for value in minutes if value is not None]
    some = f" ({len(passed)} of {len(minutes)})" if len(passed) < len(minutes) else ""
    return f"{mean(passed):.1f}{some}" if passed else ""


def _write_sample(run: Run) -> str:
    chosen = ("--run", run.name, "--epoch", run.read_history()[-1].epoch)
    how = ("--temp", "0.8", "--length", "300", "--seed", "1", "--checkpoints", run.checkpoints)
    return _run_charrnn("sample", "\n", *chosen, *how).strip("\n")


def _run_charrnn(*words: object) -> str:
    command = [sys.executable, "-m", "charrnn", *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def _draw(path: Path, runs: dict[str, Run]) -> None:
    """The validation loss of each run by the minutes of its epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for name, run in runs.items():
        history = run.read_history()
        minutes = [total / 60 for total in itertools.accumulate(row.seconds for row in history)]
        axes.plot(minutes, [row.loss for row in history], marker=".", label=name)
    axes.axhline(_GOAL, color="0.5", linestyle="--", label="nanoGPT, in crops of 256")
    axes.set(xlabel="minutes", ylabel="validation loss, nats per character")
    axes.set(xscale="log", ylim=(1.3, 2.0))
    axes.set_xticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
    axes.legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
