"""`charrnn sample`: what a trained network writes."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import chosen, options
from charrnn.cli.terminal import Terminal
from charrnn.errors import CorpusError, VocabularyError

if TYPE_CHECKING:
    from charrnn.checkpoint import Checkpoint

_SEPARATOR = "\n\n---\n\n"


@click.command(
    short_help="Write text with a trained network.",
    epilog=options.examples(
        'charrnn sample "All: " --temp 0.8',
        'charrnn sample "ROMEO:" --length 200 --num 3 --seed 7',
        "charrnn sample --run shakespeare-lstm --epoch 3 > out.txt",
        "charrnn sample --prompt-file start.txt --top-p 0.9 --json",
    ),
)
@click.argument("prompt", required=False)
@click.option("--prompt-file", type=click.Path(path_type=Path), help="Read the prompt from a file.")
@click.option(
    "--temp",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Below 1 safer, above 1 wilder, 0 always the likeliest character.",
)
@click.option(
    "--top-k",
    type=click.IntRange(min=1),
    help="Draw among the K likeliest characters only.  [default: all]",
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw among the likeliest characters that together have probability P.",
)
@click.option(
    "--length",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Characters to write after the prompt.",
)
@click.option(
    "--num",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Independent texts, computed side by side; a line of --- goes between them.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Repeat a text: same seed, same text."
)
@click.option("--stop", metavar="TEXT", help="End a text once it has written TEXT.")
@click.option("--run", metavar="NAME", shell_complete=options.run_names, help="[default: newest]")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="One checkpoint file instead of a run.",
)
@options.epoch
@options.unknown
@options.engine
@options.as_json
@options.checkpoints
@options.loudness
def sample(
    prompt: str | None,
    prompt_file: Path | None,
    temp: float,
    top_k: int | None,
    top_p: float,
    length: int,
    num: int,
    seed: int | None,
    stop: str | None,
    run: str | None,
    checkpoint: Path | None,
    epoch: int | None,
    unknown: str,
    engine: str,
    as_json: bool,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Write text that goes on from PROMPT (- reads it from standard input).

    The text goes to stdout as it is made, beginning with the prompt; nothing else does.
    """
    from charrnn.checkpoint import read
    from charrnn.sampling.choose import Choice
    from charrnn.sampling.generate import characters, generate, prompt_ids, sources

    choice = Choice(temp, top_k or 0, top_p)
    text = _prompt(prompt, prompt_file, terminal)
    path = chosen.checkpoint_file(run, checkpoint, epoch, checkpoints)
    network = read(path)
    if unknown == "skip":
        text = network.vocabulary.only_known(text)
    try:
        ids = prompt_ids(network.vocabulary, text)
    except VocabularyError as error:
        raise VocabularyError(f"{error}; --unknown skip leaves them out of the prompt") from None
    if seed is None:
        import secrets

        seed = secrets.randbits(32)
    terminal.note(f"{chosen.described(path, network.provenance)}, seed {seed}")
    began = time.perf_counter()
    stepper = chosen.stepper(engine, network, num)
    endless = generate(stepper, ids, choice, sources(seed, num))
    steps = characters(endless, network.vocabulary, length, stop)
    with chosen.named_in_errors(path):
        if as_json:
            made = _write_json(steps, num, text, asdict(choice) | {"seed": seed}, path, network)
        else:
            made = _write(steps, num, text)
    seconds = time.perf_counter() - began
    terminal.detail(f"{made:,} characters in {seconds:.2f} s, {made / seconds:,.0f} a second")


def _prompt(prompt: str | None, prompt_file: Path | None, terminal: Terminal) -> str:
    if prompt is not None and prompt_file:
        raise click.UsageError("give PROMPT or --prompt-file, not both")
    if prompt != "-" and not prompt_file:
        return prompt or ""
    from_stdin = prompt_file in {None, Path("-")}
    shown = "standard input" if from_stdin else str(prompt_file)
    if from_stdin:
        terminal.note_waiting()
    try:
        content = (
            prompt_file.read_bytes() if prompt_file and not from_stdin else sys.stdin.buffer.read()
        )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorpusError(f"{shown} is not UTF-8 text: convert it first") from None
    except OSError as error:
        raise CorpusError(f"can't read {shown}: {error.strerror}") from None


def _write(steps: Iterable[list[str]], num: int, prompt: str) -> int:
    """The first text as it is made, then the others; returns how many characters were made."""
    out = sys.stdout.buffer
    out.write(_bytes(prompt))
    out.flush()
    others: list[list[str]] = [[] for _ in range(num - 1)]
    made = 0
    for first, *rest in steps:
        made += len(first)
        out.write(_bytes(first))
        out.flush()
        for pieces, new in zip(others, rest, strict=True):
            made += len(new)
            pieces.append(new)
    for pieces in others:
        out.write(_bytes(_SEPARATOR + prompt + "".join(pieces)))
    if sys.stdout.isatty():
        out.write(b"\n")
    out.flush()
    return made


def _write_json(
    steps: Iterator[list[str]],
    num: int,
    prompt: str,
    settings: dict[str, float],
    path: Path,
    network: "Checkpoint",
) -> int:
    """An object for each text, once all are made; returns how many characters were made."""
    texts = ["".join(pieces) for pieces in zip(*steps, strict=True)] or [""] * num
    for text in texts:
        row = {"prompt": prompt, "text": text, "checkpoint": str(path)}
        click.echo(json.dumps(row | {"epoch": network.provenance.epoch} | settings))
    return sum(map(len, texts))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
