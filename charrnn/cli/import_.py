"""`charrnn import`: another program's network as a run."""

from pathlib import Path

import click

from charrnn.cli import options
from charrnn.cli.hints import suggest_use
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.runs.kinds import LANGUAGE


@click.command(
    "import",
    short_help="Make a run of another program's network.",
    epilog=options.examples(
        "charrnn import ckpt_10.weights.h5 --corpus shakespeare",
        "charrnn import model.keras --corpus my-novel.txt --run novel",
        "charrnn import shakespeare-lstm-safetensors",
    ),
)
@click.argument("file", type=options.HomePath(path_type=Path))
@click.option(
    "--corpus",
    type=options.NAME_OR_PATH,
    metavar="FILE",
    shell_complete=options.corpora,
    help="Text that the network learnt from; its ids are the characters in sorted order.",
)
@click.option(
    "--vocabulary",
    metavar="TEXT",
    help="Instead of --corpus, the characters in the order of their ids.",
)
@click.option("--run", help="Name of the new run.  [default: made of the text and the cell]")
@options.encoding
@options.data_dir
@options.checkpoints
@options.loudness
@click.pass_context
def import_(
    ctx: click.Context,
    file: Path,
    corpus: str | None,
    vocabulary: str | None,
    run: str | None,
    encoding: str | None,
    data_dir: Path,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Make a run of the network in FILE, and print its checkpoint's path.

    FILE has weights of Keras (.weights.h5 or .h5), or is a .keras or .safetensors file: an
    Embedding, one or more SimpleRNN, LSTM or GRU layers, and a Dense. Or it is what charrnn export
    wrote.
    """
    from charrnn.data.reading import make_reading
    from charrnn.export.imports import import_model, keep_model
    from charrnn.planning.texts import load_text
    from charrnn.runs.names import choose_name

    name = None if run is None else choose_name(checkpoints, LANGUAGE, run)
    reading = make_reading(encoding=encoding)
    text = None if corpus is None else load_text([corpus], data_dir, terminal, reading)
    model = import_model(file, text, vocabulary, terminal.note)
    path = keep_model(model, checkpoints, name, terminal.note)
    network = model.checkpoint.network
    described = options.describe_checkpoint(path, model.checkpoint.provenance)
    terminal.note(f"{described}: {network.cell}, {network.parameters:,} parameters")
    terminal.note(suggest_use(LANGUAGE, path.parent.name, ctx))
    echo(path)
