"""`charrnn evaluate`: how well a trained network predicts a text."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options, reading, run_options
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.config.language import CROP_LENGTH
from charrnn.errors import say_count
from charrnn.runs.history import format_number
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.cli.bars import Estimator
    from charrnn.data.text import Text
    from charrnn.data.vocabulary import Ids
    from charrnn.inference.language_model import LanguageModel
    from charrnn.inference.score import Score

Measure = dict[str, Any]
"""What `LanguageModel.evaluate` is called with, beside the text."""

_COLUMNS = ("mode", "nats/char", "perplexity", "bits/char", "characters")
_OF_BYTES = ("nats/byte", "bytes")  # more columns, of a network of bytes


@click.command(
    short_help="Measure how well a network predicts.",
    epilog=options.examples(
        "charrnn evaluate",
        "charrnn evaluate shakespeare-lstm training --limit 100000",
        "charrnn evaluate shakespeare-lstm another-play.txt --unknown skip",
        "charrnn evaluate shakespeare-lstm --epoch 3 --mode crops --json",
        "charrnn evaluate shakespeare-lstm long.txt --mode crops --jobs 4",
        "charrnn evaluate shakespeare-lstm --adapt",
    ),
)
@run_options.argument(LANGUAGE)
@click.argument(
    "text", type=options.NAME_OR_PATH, default="validation", shell_complete=options.texts
)
@options.epoch
@options.own_corpus
@options.reads_texts
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
    type=WholeNumber(min=1),
    help=f"Number of characters predicted in each crop.  [default: {CROP_LENGTH}]",
)
@click.option(
    "--limit",
    type=WholeNumber(min=2),
    help="Read only this many characters, from the text's start.  [default: all]",
)
@click.option(
    "--adapt",
    is_flag=True,
    help="Also measure while the network learns from the text, predicting each piece before it "
    "learns from it.",
)
@options.jobs("the crops")
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
    corpus: tuple[str, ...],
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool,
    mode: str,
    crop_length: int | None,
    limit: int | None,
    adapt: bool,
    jobs: int,
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

    --jobs shares the crops among processes. A stream is read by one: each character needs the state
    after the one before.

    A network of bytes is measured per character too, each by the sum of its bytes' losses.
    """
    if crop_length and mode == "stream":
        raise click.UsageError("--crop-length is for crops: leave it out with --mode stream")
    if adapt and mode == "crops":
        raise click.UsageError("--adapt reads a stream: leave out --mode crops")
    if jobs > 1 and mode == "stream":
        raise click.UsageError(
            "--jobs shares crops, and a stream can't be shared: leave out --mode stream"
        )

    from charrnn.cli import adapting
    from charrnn.cli.bars import SHORTER, Estimator
    from charrnn.cli.engines import check_jobs, load_with_engine
    from charrnn.data.reading import make_reading
    from charrnn.data.sources import STDIN
    from charrnn.inference.score import check_length
    from charrnn.planning.folders import Folders
    from charrnn.planning.texts import load_own_text

    check_jobs(jobs, engine)
    adaptation = adapting.choose_adaptation(adapt, engine, rate=rate, pull=pull, piece=piece)
    how = make_reading(
        encoding=encoding, text_column=text_column, newlines=newlines, clean=clean or None
    )
    reading.check_texts(text, corpus, how, used=adapt)
    reading.check_run(run, checkpoints, "evaluate")
    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, None, epoch, terminal)
    folders = Folders(checkpoints, data_dir)
    model = load_with_engine(path, engine)
    if STDIN in {text, *corpus}:
        terminal.note_waiting()
    own = load_own_text(corpus, path, data_dir, terminal) if corpus else None
    where = (own, how, folders, terminal)
    content, shown = reading.load_text(text, path, model.checkpoint, *where)
    ids = _encode(content[:limit], model, unknown)
    length = model.vocabulary.count_characters(ids)
    check_length(length)
    skipped = len(content[:limit]) - length
    provenance = model.checkpoint.provenance
    described = options.describe_checkpoint(path, provenance)
    counts = (skipped, reading.count_unknown(ids, model.vocabulary))
    terminal.note(f"{described}; {reading.describe_text(shown, length, *counts)}")
    source = reading.make_source(path, provenance, text)
    measures: dict[str, Measure] = {
        "stream": {},
        "adapt": {"adaptation": adaptation},
        "crops": {"crop_length": crop_length or CROP_LENGTH, "jobs": jobs},
    }
    asked = {mode, "adapt"} if adapt else {mode}
    modes = [one for one in measures if one in asked or (mode == "both" and one != "adapt")]
    if adaptation:
        adapting.prepare_adapting(model, adaptation, own or (), data_dir, terminal)
    estimator = Estimator(terminal, "" if limit else SHORTER)
    for one in modes:
        score = _measure(model, ids, one, measures[one], estimator, terminal)
        if as_json:
            echo(json.dumps(source | _make_values(one, measures[one], score)))
            continue
        if one == modes[0]:
            echo(_align(*_COLUMNS, *(_OF_BYTES if score.bytes else ())))
        echo(_make_row(one, score))


def _encode(content: "Text", model: "LanguageModel", unknown: str) -> "Ids":
    from charrnn.inference.encode import encode_text

    return encode_text(model.vocabulary, content, unknown)


def _measure(
    model: "LanguageModel",
    ids: "Ids",
    mode: str,
    measure: Measure,
    estimator: "Estimator",
    terminal: Terminal,
) -> "Score":
    """The score by one measure."""
    from charrnn.cli.bars import show_scoring

    began = time.perf_counter()
    with show_scoring(terminal, estimator, mode, len(ids) - 1) as progress:
        score = model.evaluate(ids, **measure, progress=progress)
    seconds = time.perf_counter() - began
    speed = f"{score.characters / seconds:,.0f} a second"
    length = say_count(score.characters, "character")
    terminal.detail(f"{mode}: {length} in {seconds:.2f} s, {speed}")
    return score


def _make_values(mode: str, measure: Measure, score: "Score") -> dict[str, Any]:
    """What JSON can hold; a perplexity beyond all floats is null."""
    values = {
        "mode": mode,
        "characters": score.characters,
        "nats_per_character": score.loss,
        "perplexity": score.perplexity if math.isfinite(score.perplexity) else None,
        "bits_per_character": score.bits,
    }
    if score.bytes:
        values |= {"bytes": score.bytes, "nats_per_byte": score.loss_per_byte}
    if adaptation := measure.get("adaptation"):
        return values | asdict(adaptation)
    crop_length = measure.get("crop_length")
    return values | ({"crop_length": crop_length} if crop_length else {})


def _make_row(mode: str, score: "Score") -> str:
    numbers = map(format_number, (score.loss, score.perplexity, score.bits))
    cells = [mode, *numbers, f"{score.characters:,}"]
    if score.bytes and score.loss_per_byte is not None:
        cells += [format_number(score.loss_per_byte), f"{score.bytes:,}"]
    return _align(*cells)


def _align(mode: str, *cells: str) -> str:
    columns = (*_COLUMNS, *_OF_BYTES)[1:]
    right = (f"{cell:>{len(column)}}" for cell, column in zip(cells, columns, strict=False))
    return "  ".join([f"{mode:<6}", *right])
