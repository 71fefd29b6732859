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
        "charrnn classify pretrain --resume small --epochs 4",
    ),
)
@click.option("--embedding", type=_positive, help="Of a word.  [default: 128]")
@click.option("--units", type=_positive, help="Of each direction's LSTM.  [default: 128]")
@click.option("--max-words", type=_positive, help="Ids in the vocabulary.  [default: 30000]")
@click.option("--epochs", type=_positive, help="Times through, in all.  [default: 2]")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    help="Adam's largest step size; a cosine brings it down.  [default: 0.003]",
)
@click.option("--batch-size", type=_positive, help="Streams side by side.  [default: 64]")
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Fraction of the training reviews that is held back.  [default: 0.1]",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="[default: 0]")
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

    given = {name: value for name, value in settings.items() if value is not None}
    places = Places(checkpoints, data_dir, terminal)
    if resume is None:
        word_fit.begin(run, given, data, places, as_json)
        return
    if run:
        raise click.UsageError("--resume keeps the run's name: leave out --run")
    word_fit.go_on(resume, given, data, places, as_json)
