"""What holding a unit does to a text: `python benchmarks/inspect_units.py UNIT=VALUE...`.

For each value ten texts of each of five seeds are written by the newest run, or by the network that
comes with the package, and measured; the mean over the seeds stands with their standard deviation.
A word counts as known if it stands in the training text, which the run has to find.

`--copied` shows instead how much of texts that are written, and of text that was held back, stands
word for word in the training text, by the shortest stretch that counts.
"""

import argparse
import re
import statistics
from collections.abc import Callable, Sequence

import charrnn
from charrnn import LanguageModel
from charrnn.data.copied import find_copies

SEEDS = range(1, 6)
TEXTS, LENGTH = 10, 2000
SHORTEST = (15, 20, 25, 30, 40)
SPEAKER = re.compile(r"^[A-Z][\w ]*:$", re.MULTILINE)
WORD = re.compile(r"[A-Za-z]+")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("units", nargs="*", metavar="UNIT=VALUE")
    parser.add_argument("--run", help="name of the run")
    parser.add_argument("--temp", type=float, default=0.8)
    parser.add_argument("--copied", action="store_true")
    options = parser.parse_args()
    model = charrnn.load(options.run)
    print(f"{model}\n")
    if options.copied:
        show_copies(model)
    else:
        show_held(model, options.units, options.temp)


def show_held(model: LanguageModel, units: Sequence[str], temperature: float) -> None:
    """A row for each value, and one for the network as it is."""
    words = {*WORD.findall(str(model.load_training_text()))}
    measures: dict[str, Callable[[str], float]] = {
        "characters in a line": measure_lines,
        "speakers in 1,000": lambda text: 1000 * len(SPEAKER.findall(text)) / len(text),
        "capitals, %": lambda text: 100 * sum(map(str.isupper, text)) / len(text),
        "known words, %": lambda text: 100 * share_known(text, words),
    }
    print(f"| held | {' | '.join(measures)} |\n|{'---|' * (len(measures) + 1)}")
    for held in ("nothing", *units):
        texts = [write(model, held, temperature, seed) for seed in SEEDS]
        cells = [summarize([measure(text) for text in texts]) for measure in measures.values()]
        print(f"| {held} | {' | '.join(cells)} |", flush=True)


def show_copies(model: LanguageModel) -> None:
    """A row for each source of text: the share that is copied, by the shortest stretch."""
    learnt = model.load_training_text()
    print(f"| text | {' | '.join(map(str, SHORTEST))} |\n|{'---|' * (len(SHORTEST) + 1)}")
    for temperature in (0.5, 0.8, 1.0):
        texts = [write(model, "nothing", temperature, seed) for seed in SEEDS]
        cells = []
        for shortest in SHORTEST:
            shares = [100 * find_copies(text, learnt, shortest).share for text in texts]
            cells.append(f"{statistics.mean(shares):.2f} ± {statistics.stdev(shares):.2f}%")
        print(f"| written at temperature {temperature} | {' | '.join(cells)} |", flush=True)


def write(model: LanguageModel, held: str, temperature: float, seed: int) -> str:
    """Ten texts of a seed, one after the other."""
    unit, _, value = held.partition("=")
    set_units = {int(unit): float(value)} if value else None
    texts = model.generate("\n", LENGTH, temperature, seed=seed, num=TEXTS, set_units=set_units)
    return "\n\n".join(texts)


def measure_lines(text: str) -> float:
    """The mean length of lines that are neither blank nor a speaker's name."""
    lines = [line for line in text.split("\n") if line and not SPEAKER.fullmatch(line)]
    return statistics.mean(map(len, lines))


def share_known(text: str, words: set[str]) -> float:
    """How many of a text's words stand in the training text."""
    found = WORD.findall(text)
    return sum(word in words for word in found) / len(found)


def summarize(values: Sequence[float]) -> str:
    """Mean and standard deviation."""
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    main()
