"""`charrnn classify pretrain`: a language model of words, for classifiers to begin from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options, run_options
from charrnn.cli.numbers import Number, WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.errors import say_count
from charrnn.runs.kinds import WORD_MODEL

if TYPE_CHECKING:
    from charrnn.planning.words import WordPlan

_positive = WholeNumber(min=1)


@click.command(
    short_help="Train a language model on the reviews' words.",
    epilog=options.examples(
        "charrnn classify pretrain",
        "charrnn classify pretrain --embedding 64 --units 64 --run small",
        "charrnn classify pretrain --resume small --epochs 4",
    ),
)
@click.option(
    "--embedding", type=_positive, help="Size of the vector that stands for a word.  [default: 128]"
)
@click.option(
    "--units", type=_positive, help="Units of the LSTM in each direction.  [default: 128]"
)
@click.option("--max-words", type=_positive, help="Size of the vocabulary.  [default: 30000]")
@click.option("--epochs", type=_positive, help="Passes through the reviews, in all.  [default: 2]")
@click.option(
    "--learning-rate",
    type=Number(0, min_open=True),
    help="Adam's learning rate, at its peak; it decays along a cosine.  [default: 0.003]",
)
@click.option(
    "--batch-size", type=_positive, help="Streams of words read side by side.  [default: 64]"
)
@click.option(
    "--validation",
    type=Number(0, 1, min_open=True, max_open=True),
    help="Fraction of the training reviews held back for validation.  [default: 0.1]",
)
@click.option(
    "--seed",
    type=options.SEED,
    help="Random seed; the same seed gives the same run on a CPU.  [default: 0]",
)
@click.option(
    "--data",
    multiple=True,
    type=options.HomePath(path_type=Path),
    help="Your own reviews, in any form that `charrnn classify train` takes.  [default: IMDB's]",
)
@click.option("--text-column", metavar="NAME", help="Which column of a table holds the reviews.")
@click.option("--label-column", metavar="NAME", help="Which column of a table holds the labels.")
@options.review_encoding
@run_options.to_begin("reviews and words")
@run_options.to_resume(WORD_MODEL)
@options.saving
@options.tensorboard
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def pretrain(
    data: tuple[Path, ...],
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
    run: str | None,
    resume: str | None,
    keep: str | None,
    checkpoint_every: float | None,
    tensorboard: bool,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
    **settings: Any,
) -> None:
    """Train a language model of words, in both directions, on the training reviews' own text.

    It never sees a label or a test review. A classifier takes over its embedding with
    --embedding-from. Losses are in nats per word: in training among a sample of words, in
    validation among all.
    """
    from charrnn.cli.screen import Screen, show_training
    from charrnn.planning.folders import Folders
    from charrnn.planning.review_sources import ReviewSource
    from charrnn.planning.words import WordRequest, plan_word_model, plan_word_model_resume
    from charrnn.runs.keep import Saving

    given = options.list_given(settings)
    folders, saving = Folders(checkpoints, data_dir), Saving(keep, checkpoint_every)
    if resume is None:
        source = ReviewSource(data, text_column, label_column, encoding)
        request = WordRequest(source, run, given, saving)
        plan = plan_word_model(request, folders, terminal)
    elif run or text_column or label_column or encoding:
        raise click.UsageError(
            "--resume keeps the run's name and how its reviews are read: leave out --run, "
            "--text-column, --label-column and --encoding"
        )
    else:
        plan = plan_word_model_resume(resume, given, data, folders, terminal, saving)
    show_training(plan, _introduce(plan), Screen(terminal, as_json, tensorboard))


def _introduce(plan: "WordPlan") -> str:
    network = plan.progress.recipe.network
    return (
        f"{plan.run.name}: {network.describe()}, "
        f"{network.parameters:,} parameters; {say_count(len(plan.learn), 'word')} to train on, "
        f"{say_count(plan.steps, 'step')} an epoch"
    )
