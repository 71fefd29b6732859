"""`charrnn train`: a text to checkpoints."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from charrnn.cli import cells, cluster, options, run_options
from charrnn.cli.numbers import Number, WholeNumber
from charrnn.cli.sampler import SAMPLE_LENGTH, make_sampler
from charrnn.cli.terminal import Terminal
from charrnn.cli.typed import PresetName, note_escapes
from charrnn.config.cluster import Cluster
from charrnn.config.fields import CELLS, PRECISIONS, SCHEDULES
from charrnn.config.language import ORDERS, STATES, NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS
from charrnn.data.byte_vocabulary import CHARACTER, UNITS
from charrnn.runs.kinds import LANGUAGE

_SHORTEST = "minute"  # of the presets
_DEFAULTS = {
    field.name: field.default for field in (*fields(NetworkConfig), *fields(TrainingConfig))
} | LANGUAGE_PRESETS[DEFAULT_PRESET][NetworkConfig.cell]


def _setting(name: str, kind: Any, text: str) -> Callable[[Any], Any]:
    """An option whose default is the preset's, or the configuration's if that has none."""
    flag = "--" + name.replace("_", "-")
    return click.option(flag, name, type=kind, help=f"{text}  [default: {_DEFAULTS[name]}]")


_positive = WholeNumber(min=1)
_fraction = Number(0, 1, max_open=True)


@click.command(
    cls=options.Sectioned,
    headings={
        "encoding": "Text",
        "preset": "Preset",
        "cell": "Network",
        "dropout": "Regularization",
        "seq_length": "Training",
        "from_": "Run",
        "as_json": "Options",
    },
    short_help="Train a network on a text.",
    epilog=options.examples(
        "charrnn train",
        "charrnn train --cell gru --preset quick",
        "charrnn train --cell all --preset minute",
        "charrnn train my-novel.txt --dry-run",
        "charrnn train my-novel.txt --budget 20",
        "charrnn train my-novel.txt --run novel --sample-every 1",
        "charrnn train chinese.txt --vocabulary byte",
        "charrnn train letters/ essays/*.txt --run everything",
        "charrnn train --preset tutorial --cell rnn",
        "charrnn train my-novel.txt --from shakespeare-lstm",
        "charrnn train --resume novel --epochs 40",
    ),
)
@click.argument(
    "corpus",
    type=options.NAME_OR_PATH,
    metavar="[CORPUS]",
    nargs=-1,
    shell_complete=options.corpora,
)
@options.reads_texts
@options.joins_texts
@click.option(
    "--min-count",
    type=_positive,
    metavar="N",
    help="Make one unknown of all characters that occur fewer than N times. It is never written.  "
    "[default: 1]",
)
@click.option(
    "--vocabulary",
    type=click.Choice(UNITS, case_sensitive=False),
    help="What the network reads and writes: the text's own characters, or UTF-8 bytes, which any "
    f"text has.  [default: {CHARACTER}]",
)
@click.option(
    "--preset",
    type=PresetName(list(LANGUAGE_PRESETS)),
    help="A network and how to train it. minute, quick and default train an LSTM in about 1, 5 and "
    "20 minutes on two cores and a million characters; tutorial is the well-known article's own. "
    f"Other options override a preset; the defaults below are those of {DEFAULT_PRESET} with an "
    f"LSTM.  [default: the one named {DEFAULT_PRESET}, or what --budget allows]",
)
@click.option(
    "--budget",
    type=Number(0, min_open=True),
    metavar="MINUTES",
    help="Train for about this long: time the first steps, then choose how many epochs fit, at "
    "most 100, and without --preset which preset. With --cell all each network gets this long.",
)
@_setting(
    "cell",
    click.Choice([*CELLS, cells.ALL], case_sensitive=False),
    "Kind of recurrent layer; all trains a network of each, one after the other, called NAME-rnn, "
    "NAME-lstm and NAME-gru with --run NAME; those of them that were interrupted are resumed.",
)
@_setting("units", _positive, "Units in each recurrent layer.")
@_setting("layers", _positive, "Number of recurrent layers, stacked.")
@_setting("embedding", _positive, "Size of the vector that stands for a character.")
@_setting("dropout", _fraction, "Dropout on each recurrent layer's output.")
@_setting("embedding_dropout", _fraction, "Dropout on the characters' vectors.")
@_setting(
    "character_dropout",
    _fraction,
    "Dropout on whole characters: how often the network is not shown one, and has to go on "
    "without it.",
)
@_setting("weight_drop", _fraction, "Dropout on the recurrent weights (DropConnect).")
@_setting(
    "weight_decay",
    Number(0),
    "Weight decay (AdamW): each step shrinks every weight by this times the learning rate.",
)
@_setting("seq_length", _positive, "Length of a window, in characters; gradients reach no further.")
@click.option(
    "--batch-size",
    type=_positive,
    help="Windows trained on at once.  [default: "
    f"{_DEFAULTS['batch_size']}, fewer for a short text]",
)
@_setting(
    "order",
    click.Choice(ORDERS),
    "Order of the windows: contiguous streams, or shuffled as in the tutorial.",
)
@_setting(
    "state", click.Choice(STATES), "Carry the network's state from batch to batch, or reset it."
)
@click.option(
    "--stride",
    type=_positive,
    help="Distance between the starts of two windows in a stream. Less than --seq-length makes "
    "windows overlap, which needs --state reset.  [default: as much as --seq-length]",
)
@click.option(
    "--epochs",
    type=_positive,
    help="Passes through the text, in all.  [default: the preset's, from 1 for a long text to 100 "
    "for a short one]",
)
@_setting("learning_rate", Number(0, min_open=True), "Adam's learning rate, at its peak.")
@_setting(
    "schedule",
    click.Choice(SCHEDULES),
    "Learning-rate schedule: cosine warms up, then decays to 2%.",
)
@_setting("clip_norm", Number(0), "Clip the gradient to this norm; 0 for no clipping.")
@_setting(
    "validation", _fraction, "Fraction of the text, its end, held back for validation; 0 for none."
)
@_setting(
    "patience", WholeNumber(0), "Stop after this many epochs without a new best; 0 for never."
)
@_setting("seed", options.SEED, "Random seed; the same seed gives the same run on a CPU.")
@click.option(
    "--precision",
    type=click.Choice(["auto", *PRECISIONS]),
    help="Number format of matrix products; auto uses bfloat16 if the processor has it, which is "
    "faster.  [default: auto; when resuming, as before]",
)
@click.option(
    "--from",
    "from_",
    type=options.NAME_OR_PATH,
    metavar="RUN|FILE",
    shell_complete=run_options.complete(LANGUAGE),
    help="Fine-tune: start from the best epoch of a run, or from one .weights.h5 file. Characters "
    "that it doesn't know are added.",
)
@run_options.to_begin("corpus and cell")
@run_options.to_resume(LANGUAGE)
@options.saving
@cluster.options
@options.tensorboard
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show layers, parameters, steps, time and disk space; write nothing.",
)
@click.option(
    "--sample-every",
    type=_positive,
    metavar="N",
    help=f"After every N epochs, show {SAMPLE_LENGTH} characters that the network writes.",
)
@click.option("--prompt", default="", help="What the texts of --sample-every begin with.")
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def train(
    corpus: tuple[str, ...],
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool,
    glob: tuple[str, ...],
    separator: str | None,
    min_count: int | None,
    vocabulary: str | None,
    preset: str | None,
    budget: float | None,
    from_: str | None,
    run: str | None,
    resume: str | None,
    keep: str | None,
    checkpoint_every: float | None,
    workers: str | None,
    worker: int | None,
    devices: int | None,
    tensorboard: bool,
    dry_run: bool,
    sample_every: int | None,
    prompt: str,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
    **settings: Any,
) -> None:
    """Train a network on CORPUS: shakespeare (the default), pydoc, text files, or - for stdin.

    Several files are joined. A folder stands for all *.txt files in it and below, and a pattern
    in quotes for the files that match it. What gzip or zstd compressed is unpacked.

    Each epoch saves a checkpoint in the run's folder, beside the learning curves. Ctrl-C stops
    after the current step, and saves all; --resume continues from there.
    """
    from charrnn.cli.introduction import introduce
    from charrnn.cli.rehearsal import rehearse
    from charrnn.cli.screen import Screen, show_training
    from charrnn.data.reading import make_reading
    from charrnn.data.sources import STDIN
    from charrnn.planning.folders import Folders
    from charrnn.planning.language import Request, plan_resume, plan_run
    from charrnn.runs.keep import Saving

    given = options.list_given(settings)
    how = {
        "encoding": encoding,
        "text_column": text_column,
        "newlines": newlines,
        "clean": clean or None,
        "glob": glob or None,
        "separator": separator,
    }
    note_escapes(terminal, **{"--separator": separator})
    if prompt and not sample_every:
        raise click.UsageError("--prompt is for the texts of --sample-every: give both")
    fixed = {
        "run": run,
        "preset": preset,
        "budget": budget,
        "from": from_,
        "min_count": min_count,
        "vocabulary": vocabulary,
        **how,
    }
    if resume is not None and any(value is not None for value in fixed.values()):
        names = ", ".join(
            "--" + name.replace("_", "-") for name, value in fixed.items() if value is not None
        )
        raise click.UsageError(f"--resume keeps the run's name and settings: leave out {names}")
    if resume is not None and dry_run:
        raise click.UsageError("--dry-run is for a new run: leave out --resume")
    if STDIN in corpus:
        terminal.note_waiting()
    several = budget is not None or given.get("cell") == cells.ALL
    team = cluster.read(workers, worker, devices, trains_several=several)
    is_chosen = budget is not None or resume is not None or "epochs" in given
    shorter = "" if is_chosen else _list_shorter(preset)
    folders = Folders(checkpoints, data_dir)
    screen = Screen(terminal, as_json, tensorboard, shorter)
    asked = (preset, budget, run, from_, prompt, min_count or 1, make_reading(**how))
    saving = Saving(keep, checkpoint_every)
    request = Request(*asked, given, saving, vocabulary)
    if dry_run:
        rehearse(corpus, request, folders, screen)
        return
    if isinstance(team, Cluster) and not team.is_chief:
        cluster.take_part(corpus, request, folders, team, resume)
        return
    if resume is None and given.get("cell") == cells.ALL:
        cells.train_cells(corpus, request, folders, screen, sample_every)
        return
    if resume is None:
        plan = plan_run(corpus, request, folders, terminal, team)
    else:
        plan = plan_resume(resume, corpus, given, folders, terminal, prompt, saving, team)
    cluster.announce(plan, terminal)
    sampler = make_sampler(plan.run, sample_every, prompt)
    show_training(plan, introduce(plan.run.name, plan), screen, sampler)


def _list_shorter(preset: str | None) -> str:
    """What makes a run shorter whose length is its preset's."""
    budget = "--budget MINUTES"
    return budget if preset == _SHORTEST else f"--preset {_SHORTEST}, or {budget}"
