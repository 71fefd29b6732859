"""`charrnn classify words`: which words a trained classifier holds positive, and which negative."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import chosen, options
from charrnn.cli.terminal import Terminal
from charrnn.errors import CheckpointError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from charrnn.prediction.model import ReviewModel


@click.command(
    short_help="Show the words that a classifier goes by.",
    epilog=options.examples(
        "charrnn classify words",
        "charrnn classify words imdb-lstm-32 --top 50 --among 5000",
        "charrnn classify words --json --out polarity.png",
    ),
)
@click.argument("run", required=False, shell_complete=options.classifier_names)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many words to list on either side.",
)
@click.option(
    "--among",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Look at the N most frequent words of the vocabulary.",
)
@options.epoch
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to draw all the words, as PNG.  [default: words.png in the run's folder]",
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
    """List the most positive and most negative words of RUN, the newest if none is named.

    A word's polarity is what the word alone does to the network's answer: the logit of a review of
    this one word minus the logit of an empty review. A picture shows all the words.
    """
    from charrnn.runs import CLASSIFIERS

    path = chosen.checkpoint_file(run, None, epoch, checkpoints / CLASSIFIERS)
    picture = out or path.parent / "words.png"
    if not picture.parent.is_dir():
        raise UsageError(f"there is no folder {picture.parent} to write {picture.name} into")

    from charrnn import pictures
    from charrnn.cli.classify.word_table import Word, show, show_json
    from charrnn.prediction import model

    network = model.load(path)
    described = chosen.described(path, network.checkpoint.provenance)
    terminal.note(described)
    names, polarities = _measure(network, among, path)
    sides = [
        [Word(names[place], int(place) + 1, float(polarities[place])) for place in places]
        for places in pictures.furthest(polarities, top)
    ]
    show_json(sides, chosen.run_name(path)) if as_json else show(*sides)
    title = f"{described}\n{_network(network)}, {len(names):,} most frequent words"
    pictures.word_picture(picture, names, polarities, title, top)
    terminal.note(f"picture: {picture}")


def _measure(
    network: "ReviewModel", among: int, path: Path
) -> "tuple[list[str], npt.NDArray[np.float64]]":
    from charrnn.cli.classify.verdict import measured

    names = network.vocabulary_words(among)
    if not names:
        raise CheckpointError(f"{path} has no whole words in its vocabulary: train with more")
    return names, measured(network.polarities, names, path)


def _network(network: "ReviewModel") -> str:
    config = network.checkpoint.network
    if config.cell == "none":
        return "words and pairs"
    sizes = " and ".join(map(str, config.units))
    kind = f"{config.cell} of {sizes} units" if sizes else config.cell
    return ("bidirectional " if config.bidirectional else "") + kind
