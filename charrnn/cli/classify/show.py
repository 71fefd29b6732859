"""`charrnn classify show`: a review the way a classifier reads it."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from charrnn.cli import options
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.config.reviews import ClassifierConfig
from charrnn.errors import UsageError, say_count

_LABELS = ("negative", "positive")  # a label is its place


@click.command(
    short_help="Read one of the reviews.",
    epilog=options.examples(
        "charrnn classify show 1",
        "charrnn classify show 25000 --test --max-words 88587",
        "charrnn classify show 3 --data aclImdb --json",
    ),
)
@click.argument("number", metavar="N", type=WholeNumber(min=1))
@click.option("--test", is_flag=True, help="Show a test review instead of a training review.")
@click.option(
    "--max-words",
    type=WholeNumber(min=5),
    default=ClassifierConfig.vocabulary_size,
    show_default=True,
    help="Size of the vocabulary; rarer words become ?.",
)
@click.option(
    "--data",
    type=options.HomePath(path_type=Path),
    multiple=True,
    help="Your own reviews, in any form that `charrnn classify train` takes.",
)
@click.option("--text-column", metavar="NAME", help="Which column of a table holds the reviews.")
@click.option("--label-column", metavar="NAME", help="Which column of a table holds the labels.")
@options.review_encoding
@options.data_dir
@options.as_json
@options.loudness
def show(
    number: int,
    test: bool,
    max_words: int,
    data: tuple[Path, ...],
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
    data_dir: Path,
    as_json: bool,
    terminal: Terminal,
) -> None:
    """Print the N-th training review, counted from 1: its words, ids and label.

    Reviews of an .npz are in the order of keras.datasets.imdb.load_data, so review 1 is its
    x_train[0]. IMDB's are downloaded if need be.
    """
    from charrnn.data.words import convert_ranks
    from charrnn.planning.review_sources import ReviewSource, find_reviews, make_encoder

    source = ReviewSource(data, text_column, label_column, encoding)
    reviews = find_reviews("words", source, data_dir, terminal)
    part = reviews.test if test else reviews.train
    if number > len(part):
        kind = "test" if test else "training"
        raise UsageError(f"no {kind} review {number}: N must be 1 to {len(part)}")
    encoder = make_encoder(reviews, "words", max_words, data_dir, terminal)
    review = part.reviews[number - 1]
    ids = encoder.encode(review) if isinstance(review, str) else convert_ranks(review, max_words)
    print_review(ids.tolist(), encoder.decode(ids), int(part.labels[number - 1]), as_json)


def print_review(ids: Sequence[int], text: str, label: int, as_json: bool) -> None:
    """Print a review on stdout.

    Args:
        ids: what a network reads.
        text: what they stand for.
        label: 1 for positive, 0 for negative.
        as_json: print an object in one line.
    """
    if as_json:
        row = {"label": _LABELS[label], "tokens": len(ids), "text": text, "ids": list(ids)}
        echo(json.dumps(row))
        return
    length = say_count(len(ids), "token")
    echo(f"{_LABELS[label]}, {length}\n\n{text}\n\n{' '.join(map(str, ids))}")
