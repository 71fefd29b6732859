"""`charrnn classify predict`: what a trained classifier says of reviews."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import chosen, options
from charrnn.cli.classify.lines import read_lines, read_whole
from charrnn.cli.terminal import Terminal

if TYPE_CHECKING:
    from charrnn.cli.classify.answers import Answer
    from charrnn.prediction.model import ReviewModel

_STDIN = "-"
_PATH = 255  # characters; longer texts are no file's name


@click.command(
    short_help="Say whether reviews are positive.",
    epilog=options.examples(
        'charrnn classify predict "A wonderful film." "I want my two hours back."',
        'charrnn classify predict --explain "Not bad at all, but the end is awful."',
        "charrnn classify predict --file reviews.txt > answers.tsv",
        "charrnn classify predict --run imdb-lstm-32 --epoch 3 --json - < review.txt",
    ),
)
@click.argument("texts", metavar="[TEXT]...", nargs=-1)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Read a review from each line of a file, - for standard input.",
)
@click.option("--explain", is_flag=True, help="Show which words moved the answer, and how much.")
@click.option(
    "--run", metavar="NAME", shell_complete=options.classifier_names, help="[default: newest]"
)
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="One checkpoint file instead of a run."
)
@options.epoch
@options.as_json
@options.checkpoints
@options.loudness
def predict(
    texts: tuple[str, ...],
    file: Path | None,
    explain: bool,
    run: str | None,
    checkpoint: Path | None,
    epoch: int | None,
    as_json: bool,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Say whether each TEXT, a review (- reads one from standard input), is positive or negative.

    A line for each review: the answer, the probability that the review is positive, whatever the
    answer, and the review. In a terminal the review is cut to the line; elsewhere tabs lie between
    the three, and line ends and tabs in the review become spaces.

    --explain takes each word out in turn: a word's effect is the probability with it minus the
    probability without it.
    """
    reviews = _reviews(texts, file, terminal)

    from charrnn.cli.classify.answers import Printer
    from charrnn.prediction import model
    from charrnn.runs import CLASSIFIERS

    path = chosen.checkpoint_file(run, checkpoint, epoch, checkpoints / CLASSIFIERS)

    network = model.load(path)
    terminal.note(chosen.described(path, network.checkpoint.provenance))
    printer = Printer(as_json, chosen.run_name(path))
    count = _Count()
    for chunk in reviews:
        for answer in _answers(network, chunk, path, explain):
            printer.show(answer)
            count.add(answer)
    count.note(terminal)


def _reviews(texts: tuple[str, ...], file: Path | None, terminal: Terminal) -> Iterator[list[str]]:
    if bool(texts) == bool(file):
        raise click.UsageError("give either reviews, as TEXT, or --file FILE; - is standard input")
    if texts.count(_STDIN) > 1:
        raise click.UsageError("standard input is one review: give - once")
    if _STDIN in texts or file == Path(_STDIN):
        terminal.note_waiting()
    for text in texts:
        if text != _STDIN and "\0" not in text and len(text) < _PATH and Path(text).is_file():
            terminal.note(f"{text} is taken for a review; to read the file: --file {text}")
    if file:
        return read_lines(file)
    return iter([[read_whole() if text == _STDIN else text for text in texts]])


def _answers(
    network: "ReviewModel", texts: list[str], path: Path, explain: bool
) -> "Iterable[Answer]":
    from charrnn.cli.classify.answers import Answer
    from charrnn.cli.classify.verdict import measured

    probabilities = measured(network.probabilities, texts, path).tolist()
    for text, probability in zip(texts, probabilities, strict=True):
        effects = network.explain(text) if explain else None
        yield Answer(text, probability, *network.known(text), effects)


@dataclass
class _Count:
    """How many answers have nothing to do with their review."""

    reviews: int = 0
    strange: int = 0

    def add(self, answer: "Answer") -> None:
        self.reviews += 1
        self.strange += answer.tokens == answer.unknown

    def note(self, terminal: Terminal) -> None:
        if self.strange and self.reviews == 1:
            terminal.note("the network knows none of these words: the answer is its prior")
        elif self.strange:
            terminal.note(
                f"the network knows no word of {self.strange:,} of these {self.reviews:,} reviews: "
                "their answer is its prior"
            )
