"""`charrnn classify predict`: what a trained classifier says of reviews."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options, run_options
from charrnn.cli.classify.lines import Lines, read_whole
from charrnn.cli.terminal import Terminal
from charrnn.cli.typed import FreeText, note_file
from charrnn.data.encodings import UTF8, find_encoding
from charrnn.runs.kinds import CLASSIFIER

if TYPE_CHECKING:
    from charrnn.inference.review_model import Answer

_STDIN = "-"


@click.command(
    short_help="Say whether reviews are positive.",
    epilog=options.examples(
        'charrnn classify predict "A wonderful film." "I want my two hours back."',
        'charrnn classify predict --explain "Not bad at all, but the end is awful."',
        "charrnn classify predict --file reviews.txt --jobs 4 > answers.tsv",
        "charrnn classify predict --run imdb-lstm-32 --epoch 3 --json - < review.txt",
    ),
)
@click.argument("texts", metavar="[TEXT]...", type=FreeText(), nargs=-1)
@click.option(
    "--file",
    type=options.HomePath(path_type=Path),
    help="Read reviews from a file, one a line; - for standard input.",
)
@options.encoding
@click.option("--explain", is_flag=True, help="Show which words moved the answer, and how much.")
@options.jobs("the reviews")
@run_options.to_use(CLASSIFIER)
@options.checkpoint
@options.epoch
@options.as_json
@options.checkpoints
@options.loudness
def predict(
    texts: tuple[str, ...],
    file: Path | None,
    encoding: str | None,
    explain: bool,
    jobs: int,
    run: str | None,
    checkpoint: Path | None,
    epoch: int | None,
    as_json: bool,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Say whether each TEXT, a review, is positive or negative; - reads one from standard input.

    Prints a line for each review: the answer, the probability that the review is positive
    (whatever the answer), and the review. In a terminal the review is cut to fit the line;
    elsewhere the three are separated by tabs, and line ends and tabs in the review become spaces.

    --explain leaves out each word in turn: a word's effect is the probability with it minus the
    probability without it.
    """
    from charrnn.cli.classify.answers import Printer
    from charrnn.inference.review_model import answer_pieces, load_classifier

    reviews = _read_reviews(texts, file, encoding, terminal)
    path = options.choose_checkpoint(CLASSIFIER, checkpoints, run, checkpoint, epoch, terminal)
    network = load_classifier(path)
    terminal.note(options.describe_checkpoint(path, network.checkpoint.provenance))
    printer = Printer(as_json, path.parent.name or path.name)
    count = _Count()
    jobs = min(jobs, len(texts)) or jobs
    source = reviews if isinstance(reviews, Lines) else None
    answers = answer_pieces(network, reviews, explain=explain, jobs=jobs, source=source)
    with closing(answers) as pieces:
        for answer in chain.from_iterable(pieces):
            printer.show(answer)
            count.add(answer)
    count.note(terminal)


def _read_reviews(
    texts: tuple[str, ...], file: Path | None, encoding: str | None, terminal: Terminal
) -> Iterator[list[str]]:
    name = find_encoding(encoding or UTF8)
    if bool(texts) == bool(file):
        raise click.UsageError("give either reviews, as TEXT, or --file FILE; - is standard input")
    if texts.count(_STDIN) > 1:
        raise click.UsageError("standard input is one review: give - once")
    if _STDIN in texts or file == Path(_STDIN):
        terminal.note_waiting()
    for text in texts:
        note_file(terminal, text, "a review", "--file")
    if file:
        return Lines(file, name)
    return iter([[read_whole(name) if text == _STDIN else text for text in texts]])


@dataclass
class _Count:
    """How many answers do not depend on their review, and why."""

    reviews: int = 0
    blank: int = 0
    unread: int = 0

    def add(self, answer: "Answer") -> None:
        self.reviews += 1
        blank = not answer.text.strip()
        self.blank += blank
        self.unread += answer.tokens == answer.unknown and not blank

    def note(self, terminal: Terminal) -> None:
        if self.blank:
            terminal.note(
                f"blank reviews: {self.blank:,} of {self.reviews:,}; the network answers as it "
                "would to no words at all"
            )
        if self.unread and self.reviews == 1:
            terminal.note(
                "the network knows none of these words: it answers as it would to no words at all"
            )
        elif self.unread:
            terminal.note(
                f"the network knows no word of {self.unread:,} of these {self.reviews:,} reviews: "
                "it answers those as it would to no words at all"
            )
