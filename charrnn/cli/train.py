"""`charrnn train`: a text to checkpoints."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.config import (
    CELLS,
    ORDERS,
    PRECISIONS,
    SCHEDULES,
    STATES,
    NetworkConfig,
    TrainingConfig,
)
from charrnn.presets.language import DEFAULT, PRESETS

if TYPE_CHECKING:
    from charrnn.cli.plan import Places, Plan
    from charrnn.runs import Run

_SAMPLE_LENGTH = 200
_FEW_STEPS = 10
_DEFAULTS = {
    field.name: field.default for field in (*fields(NetworkConfig), *fields(TrainingConfig))
} | PRESETS[DEFAULT][NetworkConfig.cell]


def _setting(name: str, kind: Any, text: str) -> Callable[[Any], Any]:
    """An option whose default is the preset's, or the configuration's where that has none."""
    flag = "--" + name.replace("_", "-")
    return click.option(flag, name, type=kind, help=f"{text}  [default: {_DEFAULTS[name]}]")


_positive = click.IntRange(min=1)


@click.command(
    cls=options.Sectioned,
    headings={
        "preset": "Preset",
        "cell": "Network",
        "dropout": "Regularization",
        "seq_length": "Training",
        "begun_from": "Run",
        "as_json": "Options",
    },
    short_help="Train a network on a text.",
    epilog=options.examples(
        "charrnn train",
        "charrnn train --cell gru --preset quick",
        "charrnn train my-novel.txt --budget 20",
        "charrnn train my-novel.txt --run novel --sample-every 1",
        "cat *.txt | charrnn train - --run everything",
        "charrnn train --preset tutorial --cell rnn",
        "charrnn train my-novel.txt --from shakespeare-lstm",
        "charrnn train --resume novel --epochs 40",
    ),
)
@click.argument("corpus", required=False, shell_complete=options.corpora)
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    help="Network and training by the minutes an LSTM takes on two cores with a million "
    "characters: one (minute), five (quick) or 17 (default); or the articles' own (tutorial). "
    f"Any flag overrides its values; the defaults below are those of {DEFAULT} and an LSTM.  "
    f"[default: by --budget, else {DEFAULT}]",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="Measure the first steps, and choose as many epochs as fit into this time, a hundred at "
    "most; without --preset also that.",
)
@_setting("cell", click.Choice(CELLS, case_sensitive=False), "The recurrent layer.")
@_setting("units", _positive, "Units of each recurrent layer.")
@_setting("layers", _positive, "Recurrent layers, one on the other.")
@_setting("embedding", _positive, "Size of a character's vector.")
@_setting("dropout", click.FloatRange(0, 1, max_open=True), "Of each recurrent layer's outputs.")
@_setting("embedding_dropout", click.FloatRange(0, 1, max_open=True), "Of characters' vectors.")
@_setting("weight_drop", click.FloatRange(0, 1, max_open=True), "Of recurrent kernels' entries.")
@_setting(
    "weight_decay",
    click.FloatRange(0),
    "Each step takes this times the learning rate off every weight (AdamW).",
)
@_setting("seq_length", _positive, "Characters that a gradient reaches back.")
@click.option(
    "--batch-size",
    type=_positive,
    help="Windows side by side in a step.  [default: 64, fewer for a short text]",
)
@_setting("order", click.Choice(ORDERS), "Contiguous streams, or the tutorial's shuffled windows.")
@_setting("state", click.Choice(STATES), "Carry it from batch to batch, or reset it.")
@click.option(
    "--stride",
    type=_positive,
    help="Distance between a stream's windows; less than --seq-length makes them overlap and "
    "needs --state reset.  [default: --seq-length]",
)
@click.option(
    "--epochs",
    type=_positive,
    help="Times through the text, in all.  [default: the preset's, 1 to 100 by the text's length]",
)
@_setting("learning_rate", click.FloatRange(0, min_open=True), "Adam's largest step size.")
@_setting("schedule", click.Choice(SCHEDULES), "The rate's: cosine warms up, then falls to 2%.")
@_setting("clip_norm", click.FloatRange(0), "Largest norm of the gradient; 0 for any.")
@_setting(
    "validation", click.FloatRange(0, 1, max_open=True), "Fraction at the text's end; 0 for none."
)
@_setting("patience", click.IntRange(0), "Stop after so many epochs without a best; 0: never.")
@_setting("seed", click.IntRange(0, 2**32 - 1), "Same seed, same training (on a CPU).")
@click.option(
    "--precision",
    type=click.Choice(["auto", *PRECISIONS]),
    help="Of matrix products: bfloat16 is faster where the processor has it, and auto takes it "
    "there.  [default: auto; on a resume, as before]",
)
@click.option(
    "--from",
    "begun_from",
    metavar="RUN|FILE",
    shell_complete=options.run_names,
    help="Begin with the network and weights of a run's best epoch, or of one .weights.h5 file; "
    "characters that it lacks are added.",
)
@click.option("--run", metavar="NAME", help="Name of the run.  [default: corpus and cell]")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="",
    shell_complete=options.run_names,
    help="Go on from the last finished epoch of a run, by default the newest.",
)
@click.option("--sample-every", type=_positive, metavar="N", help="Show a text every N epochs.")
@click.option("--prompt", default="", help="What those texts begin with.")
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
@click.pass_context
def train(
    ctx: click.Context,
    /,
    corpus: str | None,
    preset: str | None,
    budget: float | None,
    begun_from: str | None,
    run: str | None,
    resume: str | None,
    sample_every: int | None,
    prompt: str,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
    **settings: Any,
) -> None:
    """Train a network on CORPUS: shakespeare (the default), pydoc, a text file, or -.

    Each epoch leaves a checkpoint in the run's folder, and learning curves are drawn beside them.
    Ctrl-C ends after the step under way; --resume goes on.
    """
    from charrnn.cli.plan import Places, Request, begin, check_prompt, go_on

    given = {
        name: value
        for name, value in settings.items()
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if prompt and not sample_every:
        raise click.UsageError("--prompt is for the texts of --sample-every: give both")
    if resume is not None and (preset or run or budget or begun_from is not None):
        raise click.UsageError(
            "--resume keeps the run's name and settings: leave out --run, --preset, --budget and "
            "--from"
        )
    if budget and "epochs" in given:
        raise click.UsageError("--budget chooses the epochs: leave out --epochs")
    places = Places(checkpoints, data_dir, terminal)
    if resume is None:
        plan = begin(Request(corpus, preset, budget, run, begun_from, prompt, given), places)
    else:
        plan = go_on(resume, corpus, given, places)
        check_prompt(prompt, plan.finished.settings.vocabulary)
    _fit(plan, places, as_json, _sampler(plan.run, sample_every, prompt))


def _sampler(run: "Run", every: int | None, prompt: str) -> Callable[[int], str | None]:
    """What an epoch's network writes, where a sample is due."""

    def sample(epoch: int) -> str | None:
        if not every or epoch % every:
            return None
        from charrnn import load

        model = load(run.epoch_file(epoch))
        return prompt + model.generate(prompt, _SAMPLE_LENGTH, temperature=0.8, seed=epoch)

    return sample


def _fit(
    plan: "Plan", places: "Places", as_json: bool, sampler: Callable[[int], str | None]
) -> None:
    from charrnn.cli.curves import drawn_curves
    from charrnn.cli.display import Pace, TrainingDisplay
    from charrnn.cli.interruption import stoppable
    from charrnn.training.train import train as fit

    terminal, config = places.terminal, plan.finished.settings.training
    _introduce(plan, terminal)
    go_on = plan.go_on_command(places.data_dir)
    use = f"Read what it writes: charrnn sample --run {plan.run.typed()}"
    pace = Pace("chars/s", config.batch_size * config.seq_length)
    display = TrainingDisplay(terminal, config.epochs, plan.steps, pace, as_json, sampler)
    borrowed = plan.origin.checkpoint.weights if plan.origin else None
    with (
        stoppable(terminal, plan.run, plan.steps, go_on, use) as interrupted,
        display,
        drawn_curves(plan.run, terminal),
    ):
        fit(plan.run, plan.finished, plan.ids, display, interrupted, borrowed)
    done = len(plan.run.history())
    if done < config.epochs:
        terminal.note(f"no better epoch in {config.patience}: stopped early, after epoch {done}")
    terminal.note(f"done: epoch {plan.run.best_epoch()} is the best of {plan.run.folder}.\n{use}")


def _introduce(plan: "Plan", terminal: Terminal) -> None:
    settings = plan.finished.settings
    network, config = settings.network, settings.training
    held_back = (
        f"the last {100 * config.validation:g}% for validation"
        if config.validation
        else "all to train"
    )
    stacked = f"{network.layers} × " if network.layers > 1 else ""
    terminal.note(
        f"{plan.run.name}: {stacked}{network.cell} {network.units}, "
        f"{network.parameters:,} parameters; {len(plan.ids):,} characters, "
        f"{plan.distinct:,} distinct, {held_back}; "
        f"{plan.steps:,} step{'s' if plan.steps > 1 else ''} an epoch; "
        f"{plan.precision.name} products ({plan.precision.reason})"
    )
    if plan.origin:
        terminal.note(plan.origin.introduction)
    elif settings.begun_from:
        terminal.note(f"began with {settings.begun_from}")
    if plan.steps < _FEW_STEPS:
        terminal.note(
            "note: in so few steps an epoch a network learns little; a smaller --batch-size gives "
            "more of them, and more --epochs help"
        )
    if config.order == "shuffled" and config.state == "carry":
        terminal.note(
            "note: shuffled windows with a carried state give each window the state of an "
            "unrelated one, as in the tutorial; --order streams carries the true one"
        )
    if plan.finished.results:
        terminal.note(f"going on after epoch {len(plan.finished.results)} of {config.epochs}")
    terminal.detail(f"{network}\n{config}")
