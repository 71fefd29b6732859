"""`charrnn classify`: review classifiers."""

import click

from charrnn.cli import options
from charrnn.cli.classify.compare import compare
from charrnn.cli.classify.predict import predict
from charrnn.cli.classify.pretrain import pretrain
from charrnn.cli.classify.show import show
from charrnn.cli.classify.train import imdb, train
from charrnn.cli.classify.words import words


@click.group(
    short_help="Train review classifiers, compare and use them.",
    epilog=options.examples(
        "charrnn classify imdb",
        "charrnn classify train --data reviews.csv",
        'charrnn classify predict "A film to remember." --explain',
        "charrnn classify compare",
    ),
)
def classify() -> None:
    """Train classifiers that tell positive reviews from negative ones, compare and use them."""


classify.add_command(imdb)
classify.add_command(train)
classify.add_command(predict)
classify.add_command(compare)
classify.add_command(pretrain)
classify.add_command(words)
classify.add_command(show)
