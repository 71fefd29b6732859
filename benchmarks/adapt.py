"""What adapting gains, and where in a text: `python benchmarks/adapt.py RUN... [--text FILE]`.

Measures each run with `charrnn evaluate --adapt` on its validation text, or on `--text`: over the
first 1,000, 10,000 and 100,000 characters and over all, each without and with adapting. Seconds and
peak memory are of the command that reads everything, with the gradients' size measured before.

`--halves` shows instead what `charrnn sample --adapt` makes of a short text: how well the text's
second half is predicted by the network as it is, and after it has read the first half so often.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

LIMITS = (1_000, 10_000, 100_000)
PASSES = (1, 2, 4, 8)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--text", default="validation")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--halves", type=Path, metavar="FILE", help="a short text")
    options = parser.parse_args()
    if options.halves:
        show_halves(options.runs, options.checkpoints, options.halves)
    else:
        show_positions(options.runs, options.checkpoints, options.text)


def show_positions(runs: list[str], checkpoints: Path, text: str) -> None:
    """A row for each run: static and adaptive losses by position, cost."""
    names = [*(f"first {limit:,}" for limit in LIMITS), "all", "seconds", "MB"]
    print(f"| run | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}", flush=True)
    for run in runs:
        evaluate(run, text, checkpoints, LIMITS[0])  # measures the gradients, once
        cells = []
        for limit in LIMITS:
            static, adapted, _ = evaluate(run, text, checkpoints, limit)
            cells.append(f"{static:.4f} → {adapted:.4f}")
        static, adapted, seconds = evaluate(run, text, checkpoints, None)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        cells += [f"{static:.4f} → {adapted:.4f}", f"{seconds:.0f}", f"{peak:.0f}"]
        print(f"| {run} | {' | '.join(cells)} |", flush=True)


def evaluate(
    run: str, text: str, checkpoints: Path, limit: int | None
) -> tuple[float, float, float]:
    """Static loss, adaptive loss, and the seconds that the command took."""
    words = ["evaluate", run, text, "--adapt", "--mode", "stream", "--unknown", "skip"]
    words += ["--json", "-q", "--checkpoints", str(checkpoints)]
    words += ["--limit", str(limit)] if limit else []
    began = time.perf_counter()
    command = [sys.executable, "-m", "charrnn", *words]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603
    static, adapted = (json.loads(line)["nats_per_character"] for line in output.splitlines())
    return static, adapted, time.perf_counter() - began


def show_halves(runs: list[str], checkpoints: Path, file: Path) -> None:
    """A row for each run: the second half's loss, after so many passes over the first."""
    import charrnn

    text = file.read_text(encoding="utf-8")
    first, second = text[: len(text) // 2], text[len(text) // 2 :]
    names = ["run", "as it is", *(f"{passes} × read" for passes in PASSES)]
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)
    for run in runs:
        model = charrnn.load(run, checkpoints=checkpoints)
        losses = [model.score(second, unknown="skip")]
        for passes in PASSES:
            adapted = model.adapt(first, passes=passes, unknown="skip")
            losses.append(adapted.score(second, unknown="skip"))
        print(f"| {run} | {' | '.join(f'{loss:.4f}' for loss in losses)} |", flush=True)


if __name__ == "__main__":
    main()
