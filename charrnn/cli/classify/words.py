"""`charrnn classify words`: the words that a classifier takes for positive or negative."""

from pathlib import Path

import click

from charrnn.cli import options, run_options
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.errors import CheckpointError, say_count
from charrnn.runs.kinds import CLASSIFIER


@click.command(
    short_help="Show the words that a classifier goes by.",
    epilog=options.examples(
        "charrnn classify words",
        "charrnn classify words imdb-lstm-32 --top 50 --among 5000",
        "charrnn classify words --json --out polarity.png",
    ),
)
@run_options.argument(CLASSIFIER)
@click.option(
    "--top",
    type=WholeNumber(min=1),
    default=20,
    show_default=True,
    help="Number of words to list on either side.",
)
@click.option(
    "--among",
    type=WholeNumber(min=1),
    default=2000,
    show_default=True,
    help="Number of words to look at, the most frequent of the vocabulary.",
)
@options.epoch
@click.option(
    "--out",
    type=options.HomePath(path_type=Path, dir_okay=False),
    help="Where to save the picture of all these words, a .png or .svg file.  [default: words.png "
    "in the run's folder]",
)
@options.as_json
@options.checkpoints
@options.loudness
def words(
    run: str | None,
    top: int,
    among: int,
    epoch: int | None,
    out: Path | None,
    as_json: bool,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """List the most positive and most negative words of RUN, by default the newest.

    A word's polarity is what the word alone does to the network's answer: the logit of a review of
    this one word minus the logit of an empty review. A picture shows all the words.
    """
    path = options.choose_checkpoint(CLASSIFIER, checkpoints, run, None, epoch, terminal)
    picture = out or path.parent / "words.png"

    from charrnn.cli.classify.word_table import Word, show, show_json
    from charrnn.inference.review_model import load_classifier
    from charrnn.views.figure import check_form
    from charrnn.views.words import find_furthest, write_words

    check_form(picture)
    network = load_classifier(path)
    described = options.describe_checkpoint(path, network.checkpoint.provenance)
    terminal.note(described)
    names = network.frequent_words(among)
    if not names:
        raise CheckpointError(f"{path} has no whole words in its vocabulary: train with more")
    polarities = network.polarities(names)
    sides = [
        [Word(names[place], int(place) + 1, float(polarities[place])) for place in places]
        for places in find_furthest(polarities, top)
    ]
    show_json(sides, path.parent.name or path.name) if as_json else show(*sides)
    layers = network.checkpoint.network.describe()
    title = f"{described}\n{layers}, {say_count(len(names), 'most frequent word')}"
    write_words(picture, names, polarities, title, top)
    terminal.note(f"picture: {picture}")
