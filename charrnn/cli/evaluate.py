"""`charrnn evaluate`: how well a trained network predicts a text."""

import json
import math
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import chosen, options
from charrnn.cli.terminal import Terminal, number
from charrnn.errors import CorpusError, VocabularyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from charrnn.checkpoint import Checkpoint, Provenance
    from charrnn.data.vocabulary import Ids, Vocabulary
    from charrnn.networks.stepper import KerasStepper
    from charrnn.sampling.network import NumpyStepper
    from charrnn.sampling.score import Score

_CROP_LENGTH = 256  # nanoGPT's for Shakespeare
_COLUMNS = ("mode", "nats/char", "perplexity", "bits/char", "characters")


@click.command(
    short_help="Measure how well a network predicts.",
    epilog=options.examples(
        "charrnn evaluate",
        "charrnn evaluate shakespeare-lstm training --limit 100000",
        "charrnn evaluate shakespeare-lstm another-play.txt --unknown skip",
        "charrnn evaluate shakespeare-lstm --epoch 3 --mode crops --json",
    ),
)
@click.argument("run", required=False, shell_complete=options.run_names)
@click.argument("text", default="validation", shell_complete=options.texts)
@options.epoch
@click.option(
    "--corpus",
    metavar="FILE",
    shell_complete=options.corpora,
    help="Where the text that the run was trained on is now, - for standard input.  [default: "
    "where it was]",
)
@click.option(
    "--mode",
    type=click.Choice(["stream", "crops", "both"]),
    default="both",
    show_default=True,
    help="One stream that carries its state, crops that each start cold, or both.",
)
@click.option(
    "--crop-length",
    type=click.IntRange(min=1),
    help=f"Characters that are predicted in a crop.  [default: {_CROP_LENGTH}]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=2),
    help="Read so many characters from the text's start.  [default: all]",
)
@options.unknown
@options.engine
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def evaluate(
    run: str | None,
    text: str,
    epoch: int | None,
    corpus: str | None,
    mode: str,
    crop_length: int | None,
    limit: int | None,
    unknown: str,
    engine: str,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Measure how well RUN, by default the newest, predicts TEXT: its loss for each character.

    RUN is a run's name or a .weights.h5 file. TEXT is validation (the default: the part that the
    run held back), training (the part that it learnt from), shakespeare, pydoc, a text file, or -.

    Every character but the first is predicted once: in one stream, as `charrnn sample` reads, or
    in crops that each start from nothing, as nanoGPT measures.
    """
    if crop_length and mode == "stream":
        raise click.UsageError("--crop-length is for crops: leave it out with --mode stream")

    from charrnn.checkpoint import read
    from charrnn.cli.texts import PARTS
    from charrnn.sampling import score

    if corpus and text not in PARTS:
        raise click.UsageError("--corpus is for a run's own text: validation or training as TEXT")

    _check_run(run, checkpoints)
    path = chosen.named_file(run, epoch, checkpoints)
    network = read(path)
    content, shown = _content(text, path, network, corpus, data_dir, terminal)
    ids = _encoded(content[:limit], network.vocabulary, unknown)
    score.check(ids)
    skipped = len(content[:limit]) - len(ids)
    left_out = f", {skipped:,} left out" if skipped else ""
    described = chosen.described(path, network.provenance)
    terminal.note(f"{described}; {shown}, {len(ids):,} characters{left_out}")
    make = partial(chosen.stepper, engine, network)
    source = _source(path, network.provenance, text)
    modes = ["stream", "crops"] if mode == "both" else [mode]
    for one in modes:
        length = None if one == "stream" else crop_length or _CROP_LENGTH
        with chosen.named_in_errors(path):
            found = _measured(make, ids, length, terminal)
        if as_json:
            click.echo(json.dumps(source | _values(one, length, found)))
            continue
        if one == modes[0]:
            click.echo(_line(*_COLUMNS))
        click.echo(_row(one, found))


def _check_run(run: str | None, checkpoints: Path) -> None:
    """Complain of a text where a network is expected."""
    from charrnn.cli.texts import PARTS
    from charrnn.data.corpus import NAMED, STDIN

    if run is not None and chosen.is_text(run, checkpoints, {*NAMED, *PARTS, STDIN}):
        raise click.UsageError(
            f"{run} is a text: name the run before it, charrnn evaluate RUN {run}"
        )


def _content(
    text: str,
    path: Path,
    network: "Checkpoint",
    corpus_now: str | None,
    data_dir: Path,
    terminal: Terminal,
) -> tuple[str, str]:
    """The characters of TEXT, and what they are, for a note."""
    from charrnn.cli import texts
    from charrnn.data.corpus import NAMED, STDIN

    if text in texts.PARTS:
        own = texts.load_part(text, path, network, corpus_now, data_dir, terminal)
        return own, f"its {text} text"
    if text not in NAMED and text != STDIN and not Path(text).exists():
        names = ", ".join([*texts.PARTS, *NAMED])
        raise CorpusError(f"no file {text}: TEXT is a text file, - or one of {names}")
    corpus = texts.load(text, data_dir, terminal)
    if corpus.sha256 == network.provenance.corpus_sha256:
        terminal.note("note: the network learnt from this text, all but what was held back")
    return corpus.text, texts.shown(text)


def _encoded(content: str, vocabulary: "Vocabulary", unknown: str) -> "Ids":
    if unknown == "skip":
        content = vocabulary.only_known(content)
    try:
        return vocabulary.encode(content)
    except VocabularyError as error:
        raise VocabularyError(f"{error}; --unknown skip leaves them out of the text") from None


def _measured(
    make: "Callable[[int], NumpyStepper | KerasStepper]",
    ids: "Ids",
    crop_length: int | None,
    terminal: Terminal,
) -> "Score":
    """The score in crops of that length, or in one stream."""
    from charrnn.cli.display import scoring_bar
    from charrnn.sampling import score

    mode = "crops" if crop_length else "stream"
    began = time.perf_counter()
    with scoring_bar(terminal, mode, len(ids) - 1) as progress:
        if crop_length:
            found = score.crops(make, ids, crop_length, progress)
        else:
            found = score.stream(make(1), ids, progress)
    seconds = time.perf_counter() - began
    speed = f"{found.characters / seconds:,.0f} a second"
    terminal.detail(f"{mode}: {found.characters:,} characters in {seconds:.2f} s, {speed}")
    return found


def _source(path: Path, provenance: "Provenance", text: str) -> dict[str, Any]:
    """What was measured, as JSON has it."""
    return {
        "run": chosen.run_name(path),
        "epoch": provenance.epoch,
        "checkpoint": str(path),
        "text": text,
    }


def _values(mode: str, crop_length: int | None, found: "Score") -> dict[str, Any]:
    """What JSON can hold; a perplexity beyond all floats is null."""
    values = {
        "mode": mode,
        "characters": found.characters,
        "nats_per_character": found.loss,
        "perplexity": found.perplexity if math.isfinite(found.perplexity) else None,
        "bits_per_character": found.bits,
    }
    return values if crop_length is None else values | {"crop_length": crop_length}


def _row(mode: str, found: "Score") -> str:
    numbers = map(number, (found.loss, found.perplexity, found.bits))
    return _line(mode, *numbers, f"{found.characters:,}")


def _line(mode: str, *cells: str) -> str:
    right = (f"{cell:>{len(column)}}" for cell, column in zip(cells, _COLUMNS[1:], strict=True))
    return "  ".join([f"{mode:<6}", *right])
