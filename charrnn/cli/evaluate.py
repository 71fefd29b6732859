"""`charrnn evaluate`: how well a trained network predicts a text."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.errors import CorpusError, say_count
from charrnn.inference.score import CROP_LENGTH
from charrnn.runs.history import format_number
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.data.corpus import Corpus
    from charrnn.data.text import Text
    from charrnn.data.vocabulary import Ids
    from charrnn.inference.language_model import LanguageModel
    from charrnn.inference.score import Score
    from charrnn.planning.folders import Folders
    from charrnn.runs.checkpoint import Checkpoint, Provenance

Measure = dict[str, Any]
"""What `LanguageModel.evaluate` is called with, beside the text."""

_COLUMNS = ("mode", "nats/char", "perplexity", "bits/char", "characters")


@click.command(
    short_help="Measure how well a network predicts.",
    epilog=options.examples(
        "charrnn evaluate",
        "charrnn evaluate shakespeare-lstm training --limit 100000",
        "charrnn evaluate shakespeare-lstm another-play.txt --unknown skip",
        "charrnn evaluate shakespeare-lstm --epoch 3 --mode crops --json",
        "charrnn evaluate shakespeare-lstm --adapt",
    ),
)
@click.argument("run", type=options.NAME_OR_PATH, required=False, shell_complete=options.run_names)
@click.argument(
    "text", type=options.NAME_OR_PATH, default="validation", shell_complete=options.texts
)
@options.epoch
@options.own_corpus
@options.encoding
@click.option(
    "--mode",
    type=click.Choice(["stream", "crops", "both"]),
    default="both",
    show_default=True,
    help="Read the text as one stream that carries its state, as crops that each start without "
    "context, or both ways.",
)
@click.option(
    "--crop-length",
    type=click.IntRange(min=1),
    help=f"Number of characters predicted in each crop.  [default: {CROP_LENGTH}]",
)
@click.option(
    "--limit",
    type=click.IntRange(min=2),
    help="Read only this many characters, from the text's start.  [default: all]",
)
@click.option(
    "--adapt",
    is_flag=True,
    help="Also measure while the network learns from the text, predicting each piece before it "
    "learns from it.",
)
@options.adapt_rate
@options.adapt_pull
@options.adapt_piece
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
    encoding: str | None,
    mode: str,
    crop_length: int | None,
    limit: int | None,
    adapt: bool,
    rate: float | None,
    pull: float | None,
    piece: int | None,
    unknown: str,
    engine: str,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Measure how well RUN, by default the newest, predicts TEXT: its mean loss per character.

    RUN is a run's name or a .weights.h5 file. TEXT is validation (the default: the part that the
    run held back), training (the part that it learnt from), shakespeare, pydoc, a text file, or -
    for standard input.

    Every character but the first is predicted once: in one stream, the way `charrnn sample` reads,
    or in crops that each start without context, the way nanoGPT measures. With --adapt also in a
    stream that the network learns from: that loss can't be compared with the others.
    """
    if crop_length and mode == "stream":
        raise click.UsageError("--crop-length is for crops: leave it out with --mode stream")
    if adapt and mode == "crops":
        raise click.UsageError("--adapt reads a stream: leave out --mode crops")

    from charrnn.cli import adapting
    from charrnn.cli.engines import load_with_engine
    from charrnn.data.corpus import STDIN
    from charrnn.inference.score import check_length
    from charrnn.planning.folders import Folders
    from charrnn.planning.texts import load_own_text

    adaptation = adapting.choose_adaptation(adapt, engine, rate=rate, pull=pull, piece=piece)
    _check_texts(text, corpus, encoding, adapt)
    _check_run(run, checkpoints)
    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, None, epoch)
    folders = Folders(checkpoints, data_dir)
    model = load_with_engine(path, engine)
    if STDIN in {text, corpus}:
        terminal.note_waiting()
    own = load_own_text(corpus, path, data_dir, terminal) if corpus else None
    content, shown = _load(text, path, model.checkpoint, own, encoding, folders, terminal)
    ids = _encode(content[:limit], model, unknown)
    check_length(ids)
    skipped = len(content[:limit]) - len(ids)
    left_out = f", {skipped:,} left out" if skipped else ""
    provenance = model.checkpoint.provenance
    described = options.describe_checkpoint(path, provenance)
    terminal.note(f"{described}; {shown}, {say_count(len(ids), 'character')}{left_out}")
    source = _make_source(path, provenance, text)
    measures: dict[str, Measure] = {
        "stream": {},
        "adapt": {"adaptation": adaptation},
        "crops": {"crop_length": crop_length or CROP_LENGTH},
    }
    asked = {mode, "adapt"} if adapt else {mode}
    modes = [one for one in measures if one in asked or (mode == "both" and one != "adapt")]
    if adaptation:
        adapting.prepare_adapting(model, adaptation, own, data_dir, terminal)
    for one in modes:
        score = _measure(model, ids, one, measures[one], terminal)
        if as_json:
            echo(json.dumps(source | _make_values(one, measures[one], score)))
            continue
        if one == modes[0]:
            echo(_align(*_COLUMNS))
        echo(_make_row(one, score))


def _check_texts(text: str, corpus: str | None, encoding: str | None, adapt: bool) -> None:
    """Reject options that don't fit the text.

    Raises:
        click.UsageError: there is one.
    """
    from charrnn.data.corpus import STDIN
    from charrnn.planning.texts import PARTS

    if corpus and text not in PARTS and not adapt:
        raise click.UsageError("--corpus is for a run's own text: validation or training as TEXT")
    if encoding and text in PARTS:
        raise click.UsageError(
            "--encoding is for another text: a run's own is read as when it was trained"
        )
    if text == corpus == STDIN:
        raise click.UsageError("standard input can be read once: it is TEXT or --corpus, not both")


def _check_run(run: str | None, checkpoints: Path) -> None:
    """Reject a text where a network is expected."""
    from charrnn.data.corpus import NAMED, STDIN
    from charrnn.planning.texts import PARTS, is_text

    if run is not None and is_text(run, checkpoints, {*NAMED, *PARTS, STDIN}):
        raise click.UsageError(
            f"{run} is a text: name the run before it, charrnn evaluate RUN {run}"
        )


def _load(
    text: str,
    path: Path,
    network: "Checkpoint",
    own: "Corpus | None",
    encoding: str | None,
    folders: "Folders",
    terminal: Terminal,
) -> "tuple[Text, str]":
    """The characters of TEXT, and what they are, for a note."""
    from charrnn.data.corpus import NAMED, STDIN
    from charrnn.planning.texts import PARTS, describe_source, load_part, load_text

    if text in PARTS:
        part = load_part(text, path, network, own, folders.data, terminal)
        return part, f"its {text} text"
    if text not in NAMED and text != STDIN and not Path(text).exists():
        names = ", ".join([*PARTS, *NAMED])
        raise CorpusError(f"no file {text}: TEXT is a text file, - or one of {names}")
    corpus = load_text(text, folders.data, terminal, encoding)
    if corpus.sha256 == network.provenance.corpus_sha256:
        terminal.note("note: the network learnt from this text, all but what was held back")
    return corpus.text, describe_source(text)


def _encode(content: "Text", model: "LanguageModel", unknown: str) -> "Ids":
    from charrnn.inference.encode import encode_text

    return encode_text(model.vocabulary, content, unknown)


def _measure(
    model: "LanguageModel", ids: "Ids", mode: str, measure: Measure, terminal: Terminal
) -> "Score":
    """The score by one measure."""
    from charrnn.cli.bars import show_scoring

    began = time.perf_counter()
    with show_scoring(terminal.live, mode, len(ids) - 1) as progress:
        score = model.evaluate(ids, **measure, progress=progress)
    seconds = time.perf_counter() - began
    speed = f"{score.characters / seconds:,.0f} a second"
    length = say_count(score.characters, "character")
    terminal.detail(f"{mode}: {length} in {seconds:.2f} s, {speed}")
    return score


def _make_source(path: Path, provenance: "Provenance", text: str) -> dict[str, Any]:
    """What was measured, for JSON."""
    return {
        "run": path.parent.name or path.name,
        "epoch": provenance.epoch,
        "checkpoint": str(path),
        "text": text,
    }


def _make_values(mode: str, measure: Measure, score: "Score") -> dict[str, Any]:
    """What JSON can hold; a perplexity beyond all floats is null."""
    values = {
        "mode": mode,
        "characters": score.characters,
        "nats_per_character": score.loss,
        "perplexity": score.perplexity if math.isfinite(score.perplexity) else None,
        "bits_per_character": score.bits,
    }
    if adaptation := measure.get("adaptation"):
        return values | asdict(adaptation)
    return values | measure


def _make_row(mode: str, score: "Score") -> str:
    numbers = map(format_number, (score.loss, score.perplexity, score.bits))
    return _align(mode, *numbers, f"{score.characters:,}")


def _align(mode: str, *cells: str) -> str:
    right = (f"{cell:>{len(column)}}" for cell, column in zip(cells, _COLUMNS[1:], strict=True))
    return "  ".join([f"{mode:<6}", *right])
