"""`charrnn export`: a trained network in other forms."""

from pathlib import Path

import click

from charrnn.cli import options, run_options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.export.formats import FORMATS
from charrnn.runs.kinds import LANGUAGE


@click.command(
    short_help="Give a network away in another form.",
    epilog=options.examples(
        "charrnn export --to html",
        "charrnn export shakespeare-lstm --to int8 --epoch 3 -o small.weights.h5",
    ),
)
@run_options.argument(LANGUAGE)
@click.option(
    "--to",
    type=click.Choice(list(FORMATS), case_sensitive=False),
    required=True,
    help=f"What to write: {'; '.join(f'{name}, {form.about}' for name, form in FORMATS.items())}.",
)
@options.epoch
@click.option(
    "-o",
    "--output",
    "file",
    type=options.HomePath(path_type=Path),
    help="File to write, or the folder to put it in.  [default: the run's name, in this folder]",
)
@options.checkpoints
@options.loudness
def export(
    run: str | None,
    to: str,
    epoch: int | None,
    file: Path | None,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Write the network of RUN, by default the newest, in another form, and print where it is.

    RUN is a run's name or a .weights.h5 file.
    """
    from charrnn.export.write import write_model
    from charrnn.inference.language_model import load_model

    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, None, epoch, terminal)
    model, before = load_model(path), measure(path)
    written = write_model(model, to, file)
    described = options.describe_checkpoint(path, model.checkpoint.provenance)
    form, size = FORMATS[to], f"{measure(written):,} bytes"
    if to == "int8":
        size += f" instead of {before:,}"
    terminal.note(f"{described}: {form.about}, {size}. {form.use}: {written}")
    echo(written)


def measure(path: Path) -> int:
    """How many bytes a file has, or the files of a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
