"""`charrnn classify pretrain`: a language model of words, for classifiers to begin from."""

from pathlib import Path
from typing import Any

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal

_positive = click.IntRange(min=1)


@click.command(
    short_help="Train a language model on the reviews' words.",
    epilog=options.examples(
        "charrnn classify pretrain",
        "charrnn classify pretrain --embedding 64 --units 64 --run small",
        "charrnn classify imdb --embedding-from imdb-words --frozen-epochs 2",
    ),
)
@click.option("--embedding", type=_positive, default=128, show_default=True, help="Of a word.")
@click.option(
    "--units", type=_positive, default=128, show_default=True, help="Of each direction's LSTM."
)
@click.option(
    "--max-words", type=_positive, default=30_000, show_default=True, help="Ids in the vocabulary."
)
@click.option("--epochs", type=_positive, default=2, show_default=True, help="Times through.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=0.003,
    show_default=True,
    help="Adam's largest step size; a cosine brings it down.",
)
@click.option("--batch-size", type=_positive, default=64, show_default=True, help="Streams.")
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Fraction of the training reviews that is held back.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Your own reviews, as for charrnn classify imdb.",
)
@click.option("--run", metavar="NAME", help="Name of the run.  [default: reviews and words]")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    help="Go on from the last finished epoch of a run, by default the newest.",
)
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def pretrain(
    data: tuple[Path, ...],
    run: str | None,
    resume: str | None,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
    **settings: Any,
) -> None:
    """Train a language model of words, in both directions, on the training reviews' own text.

    It never sees a label or a test review. A classifier takes its embedding with --embedding-from.
    Losses are in nats per word: the training's among a sample of words, the validation's among all.
    """
    from charrnn.cli.classify import word_fit
    from charrnn.cli.plan import Places

    places = Places(checkpoints, data_dir, terminal)
    if resume is not None:
        word_fit.go_on(resume, data, places, as_json)
    else:
        word_fit.begin(run, settings, data, places, as_json)
