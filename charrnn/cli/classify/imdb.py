"""`charrnn classify imdb`: train a review classifier and measure it on the test reviews."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from charrnn.classifiers import KINDS, OPTIMIZERS, PADDINGS
from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.presets.reviews import DEFAULT_PRESET, PRESETS

_ALL = "all"
_positive = click.IntRange(min=1)


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
                f"{value!r} is not a size such as 64, or one a layer such as 64,32", param, ctx
            )
        return units


def _setting(flag: str, kind: Any, text: str) -> Callable[[Any], Any]:
    """An option whose default is the preset's."""
    return click.option(flag, type=kind, help=text)


@click.command(
    cls=options.Sectioned,
    headings={
        "model": "Preset",
        "cell": "Network",
        "max_words": "Reviews",
        "dropout": "Training",
        "data": "Data",
        "dry_run": "Run",
        "as_json": "Options",
    },
    short_help="Train a classifier on IMDB's reviews.",
    epilog=options.examples(
        "charrnn classify imdb",
        "charrnn classify imdb --model bilstm-64-subword",
        "charrnn classify imdb --model lstm-32 --max-length 500 --mask",
        "charrnn classify imdb --model all",
        "charrnn classify imdb --model lstm-32-early --data my-reviews/",
        "charrnn classify imdb --resume imdb-lstm-32 --epochs 15",
    ),
)
@click.option(
    "--model",
    type=click.Choice([*PRESETS, _ALL]),
    default=DEFAULT_PRESET,
    show_default=True,
    help="The network and training to begin from; all trains each one that has not been yet.",
)
@_setting("--cell", click.Choice(KINDS), "The recurrent layer, or an average over time.")
@_setting("--units", _Units(), "Units of the recurrent layers.")
@_setting("--layers", _positive, "So many layers of --units.")
@click.option("--bidirectional/--one-way", default=None, help="Read in both directions.")
@_setting("--embedding", _positive, "Size of a token's vector.")
@_setting("--dense", click.IntRange(0), "Units of a relu layer before the answer; 0 for none.")
@_setting("--max-words", _positive, "Ids in the vocabulary; the rest is one unknown word.")
@_setting("--max-length", click.IntRange(0), "Tokens kept, of a review's end; 0 for all.")
@_setting("--padding", click.Choice(PADDINGS), "Where short reviews are filled up.")
@click.option("--mask/--no-mask", default=None, help="Leave padding out instead of reading it.")
@_setting("--dropout", click.FloatRange(0, 1, max_open=True), "Before the dense layers.")
@_setting("--optimizer", click.Choice(OPTIMIZERS), "What turns gradients into steps.")
@_setting("--learning-rate", click.FloatRange(0, min_open=True), "The optimizer's step size.")
@_setting("--clip-norm", click.FloatRange(0), "Largest norm of the gradient; 0 for any.")
@_setting("--batch-size", _positive, "Reviews in a step.")
@_setting("--epochs", _positive, "Times through the training reviews, in all.")
@_setting("--patience", click.IntRange(0), "Stop after so many epochs without a best; 0: never.")
@_setting(
    "--validation",
    click.FloatRange(0, 1, min_open=True, max_open=True),
    "Fraction of the training reviews, their last part, to choose the best epoch by.",
)
@_setting("--seed", click.IntRange(0, 2**32 - 1), "Same seed, same training (on a CPU).")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Your own reviews: an .npz like Keras's imdb.npz, or a folder or .tar.gz like aclImdb. "
    "Give both for presets of both kinds.  [default: IMDB's, downloaded]",
)
@click.option(
    "--embedding-from",
    metavar="RUN|FILE",
    help="Begin with the embedding of a run, a checkpoint, or GloVe's or word2vec's text.",
)
@_setting("--frozen-epochs", click.IntRange(0), "Epochs that leave that embedding as it is.")
@click.option("--dry-run", is_flag=True, help="Show the layers and parameters, train nothing.")
@click.option("--run", metavar="NAME", help="Name of the run.  [default: reviews and preset]")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    shell_complete=options.classifier_names,
    help="Go on from the last finished epoch of a run, by default the newest.",
)
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
@click.pass_context
def imdb(
    ctx: click.Context,
    /,
    model: str,
    data: tuple[Path, ...],
    embedding_from: str | None,
    dry_run: bool,
    run: str | None,
    resume: str | None,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
    **settings: Any,
) -> None:
    """Train a classifier on the 25,000 training reviews and measure it on the 25,000 test reviews.

    Each epoch leaves a checkpoint in the run's folder, and learning curves are drawn beside them.
    Ctrl-C ends after the step under way; --resume goes on.
    """
    from charrnn.cli.classify import fit
    from charrnn.cli.classify.plan import Wanted
    from charrnn.cli.plan import Places

    given = {name: value for name, value in settings.items() if value is not None}
    if given.get("frozen_epochs") and not embedding_from and resume is None:
        raise click.UsageError("--frozen-epochs is for a borrowed embedding: add --embedding-from")
    named = {"embedding_from": embedding_from} if embedding_from else {}
    wanted = Wanted(given, _typed({**given, **named}), data, embedding_from or "")
    places = Places(checkpoints, data_dir, terminal)
    if dry_run:
        if resume is not None or run or data or embedding_from:
            raise click.UsageError(
                "--dry-run reads nothing: leave out --data, --run, --resume and --embedding-from"
            )
        for preset in PRESETS if model == _ALL else [model]:
            fit.summarise(preset, given, as_json)
    elif resume is not None:
        if run or ctx.get_parameter_source("model") is not ParameterSource.DEFAULT:
            raise click.UsageError("--resume keeps the run's name and preset: leave them out")
        fit.resume(resume, wanted, places, as_json)
    elif model == _ALL:
        if run:
            raise click.UsageError("--model all names each run itself: leave out --run")
        if embedding_from:
            raise click.UsageError("--embedding-from is for one network: choose a --model")
        fit.train_all(wanted, places, as_json)
    else:
        fit.train_one(model, run, wanted, places, as_json)


def _typed(given: Mapping[str, Any]) -> str:
    """The flags as a command line has them."""
    words = []
    for name, value in given.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words.append(_SWITCHES[name, value])
        elif isinstance(value, tuple):
            words.append(f"{flag} {','.join(map(str, value))}")
        else:
            words.append(f"{flag} {value}")
    return " ".join(words)


_SWITCHES = {
    ("bidirectional", True): "--bidirectional",
    ("bidirectional", False): "--one-way",
    ("mask", True): "--mask",
    ("mask", False): "--no-mask",
}
