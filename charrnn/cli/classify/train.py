"""`charrnn classify imdb` and `charrnn classify train`: one command under two names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from charrnn.cli import options, run_options
from charrnn.cli.hints import spell_settings
from charrnn.cli.numbers import Number, WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.typed import PresetName
from charrnn.config.presets import DEFAULT_REVIEW_PRESET, REVIEW_PRESETS
from charrnn.config.reviews import OPTIMIZERS, PADDINGS, READERS
from charrnn.runs.kinds import CLASSIFIER

_ALL = "all"
_OWN = "train"
_positive = WholeNumber(min=1)
_HEADINGS = {
    "model": "Preset",
    "cell": "Network",
    "max_words": "Reviews",
    "dropout": "Training",
    "data": "Data",
    "dry_run": "Run",
    "as_json": "Options",
}

_AFTERWARDS = (
    "Each epoch saves a checkpoint in the run's folder, beside the learning curves. Ctrl-C stops "
    "after the current step, and saves all; --resume continues from there."
)


class _Units(click.ParamType[tuple[int, ...]]):
    """One size, or one for each layer between commas."""

    name = "N[,N...]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """From "64" or "64,32"."""
        try:
            units = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            units = ()
        if not units or min(units) < 1:
            self.fail(
                f"{value!r} is not a size such as 64, or one per layer such as 64,32", param, ctx
            )
        return units


def _setting(flag: str, kind: Any, text: str) -> Callable[[Any], Any]:
    """An option whose default is the preset's."""
    return click.option(flag, type=kind, help=text)


@click.command()
@click.option(
    "--model",
    "--preset",
    "model",
    type=PresetName([*REVIEW_PRESETS, _ALL]),
    default=DEFAULT_REVIEW_PRESET,
    show_default=True,
    help="The preset: a network and how to train it. all trains every preset that has not been "
    "trained yet.",
)
@_setting("--cell", click.Choice(READERS), "Kind of recurrent layer, or an average over time.")
@_setting("--units", _Units(), "Units in each recurrent layer, such as 64 or 64,32.")
@_setting("--layers", _positive, "Number of recurrent layers, each of --units.")
@click.option(
    "--bidirectional/--one-way",
    default=None,
    help="Read reviews in both directions, or only forward.",
)
@_setting("--embedding", _positive, "Size of the vector that stands for a word or subword.")
@_setting(
    "--dense", WholeNumber(0), "Units in a relu layer before the answer; 0 for no such layer."
)
@_setting("--max-words", _positive, "Size of the vocabulary; rarer words become one unknown word.")
@_setting("--max-length", WholeNumber(0), "Words or subwords kept from a review's end; 0 for all.")
@_setting("--padding", click.Choice(PADDINGS), "Where short reviews are padded.")
@click.option(
    "--mask/--no-mask", default=None, help="Leave padding out, or let the network read it."
)
@_setting("--dropout", Number(0, 1, max_open=True), "Dropout before the dense layers.")
@_setting("--optimizer", click.Choice(OPTIMIZERS), "Which optimizer to train with.")
@_setting("--learning-rate", Number(0, min_open=True), "The optimizer's learning rate.")
@_setting("--clip-norm", Number(0), "Clip the gradient to this norm; 0 for no clipping.")
@_setting("--batch-size", _positive, "Reviews trained on at once.")
@_setting("--epochs", _positive, "Passes through the training reviews, in all.")
@_setting(
    "--patience", WholeNumber(0), "Stop after this many epochs without a new best; 0 for never."
)
@_setting(
    "--validation",
    Number(0, 1, min_open=True, max_open=True),
    "Fraction of the training reviews, their end, held back to choose the best epoch.",
)
@_setting(
    "--seed",
    options.SEED,
    "Random seed; the same seed gives the same run on a CPU.",
)
@click.option(
    "--data",
    multiple=True,
    type=options.HomePath(path_type=Path),
    help="Your own reviews: a .csv, .tsv or .jsonl table, a folder or .tar.gz laid out like "
    "aclImdb, or an .npz like Keras's imdb.npz. An .npz has words only: for presets that read "
    "subwords give --data again, with text.",
)
@click.option(
    "--text-column",
    metavar="NAME",
    help="Which column of a table holds the reviews.  [default: text, review or the like]",
)
@click.option(
    "--label-column",
    metavar="NAME",
    help="Which column of a table holds the labels.  [default: label, sentiment or the like]",
)
@options.review_encoding
@click.option(
    "--embedding-from",
    type=options.NAME_OR_PATH,
    metavar="RUN|FILE",
    help="Start with the embedding of a run, of a checkpoint, or of word vectors in GloVe's or "
    "word2vec's text format.",
)
@_setting(
    "--frozen-epochs",
    WholeNumber(0),
    "Leave a borrowed embedding unchanged for the first epochs.",
)
@click.option("--dry-run", is_flag=True, help="Show the layers and parameters; train nothing.")
@run_options.to_begin("reviews and preset")
@run_options.to_resume(CLASSIFIER)
@options.saving
@options.tensorboard
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
@click.pass_context
def _train(
    ctx: click.Context,
    /,
    model: str,
    data: tuple[Path, ...],
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
    embedding_from: str | None,
    dry_run: bool,
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
    from charrnn.cli.classify import fit
    from charrnn.cli.screen import Screen
    from charrnn.planning.folders import Folders
    from charrnn.planning.review_sources import ReviewSource
    from charrnn.planning.reviews import ReviewRequest
    from charrnn.runs.keep import Saving

    given = options.list_given(settings)
    folders = Folders(checkpoints, data_dir)
    if dry_run:
        _reject(
            "--dry-run reads nothing",
            data=data,
            text_column=text_column,
            label_column=label_column,
            encoding=encoding,
            run=run,
            resume=resume is not None,
            keep=keep,
            checkpoint_every=checkpoint_every is not None,
            tensorboard=tensorboard,
            embedding_from=embedding_from,
        )
        for preset in REVIEW_PRESETS if model == _ALL else [model]:
            fit.show_layers(preset, given, as_json)
        return
    screen, saving = Screen(terminal, as_json, tensorboard), Saving(keep, checkpoint_every)
    if resume is not None:
        _reject(
            "--resume keeps what the run began with",
            run=run,
            embedding_from=embedding_from,
            model=ctx.get_parameter_source("model") is ParameterSource.COMMANDLINE,
            text_column=text_column,
            label_column=label_column,
            encoding=encoding,
        )
        fit.resume_run(resume, given, data, folders, screen, saving)
        return
    if ctx.info_name == _OWN and not data:
        raise click.UsageError(
            "give your reviews with --data; for IMDB's use charrnn classify imdb"
        )
    source = ReviewSource(data, text_column, label_column, encoding)
    borrowed = {"embedding_from": embedding_from} if embedding_from else {}
    changes = " ".join(spell_settings(given | borrowed))
    if model == _ALL:
        _reject(
            "--model all trains new runs of every preset", run=run, embedding_from=embedding_from
        )
        fit.train_all(source, given, changes, saving, folders, screen)
    else:
        request = ReviewRequest(model, source, run, embedding_from, given, changes, saving)
        fit.train_preset(request, folders, screen)


def _reject(reason: str, **values: object) -> None:
    """Reject options that contradict another.

    Args:
        reason: why they do.
        **values: their names and values, false or empty for one that was not typed.

    Raises:
        click.UsageError: any of them was typed.
    """
    typed = [f"--{name.replace('_', '-')}" for name, value in values.items() if value]
    if typed:
        raise click.UsageError(f"{reason}: leave out {' and '.join(typed)}")


def _name_command(name: str, about: str, details: str, *examples: str) -> click.Command:
    """The training command under one of its names.

    Args:
        name: as it is typed.
        about: what it does, a line.
        details: what it does, in the help's first paragraph.
        examples: to end the help.
    """
    return options.Sectioned(
        name,
        params=_train.params,
        callback=_train.callback,
        headings=_HEADINGS,
        short_help=about,
        help=f"{details}\n\n{_AFTERWARDS}",
        epilog=options.examples(*examples),
    )


imdb = _name_command(
    "imdb",
    "Train a classifier on IMDB's reviews.",
    "Train a classifier on 25,000 film reviews from IMDB, downloaded if need be, and measure it on "
    "25,000 others. To train on your own reviews, use `charrnn classify train`.",
    "charrnn classify imdb",
    "charrnn classify imdb --model bilstm-64-subword",
    "charrnn classify imdb --model lstm-32 --max-length 500 --mask",
    "charrnn classify imdb --model all",
    "charrnn classify imdb --resume imdb-lstm-32 --epochs 15",
)

train = _name_command(
    _OWN,
    "Train a classifier on your own reviews.",
    "Train a classifier on your own reviews, given by --data, and measure it on their test part: "
    "in a table every fifth review, unless a column called split says train or test.",
    "charrnn classify train --data reviews.csv",
    "charrnn classify train --data reviews.jsonl --text-column body --label-column recommended",
    "charrnn classify train --data my-reviews/ --model lstm-32-early",
    "charrnn classify train --resume reviews-lstm-32 --epochs 15",
)
