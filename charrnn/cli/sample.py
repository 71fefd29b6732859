"""`charrnn sample`: what a trained network writes."""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.cli.typed import FreeText, note_escapes
from charrnn.cli.visible import echo
from charrnn.config.language import LONGEST_TEXT, MOST_PASSES, MOST_TEXTS
from charrnn.errors import CorpusError, say_count
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.inference.language_model import LanguageModel

_GAP = "\n\n"  # between what two epochs wrote


@click.command(
    short_help="Write text with a trained network.",
    epilog=options.examples(
        'charrnn sample "All: " --temp 0.8',
        'charrnn sample "ROMEO:" --length 200 --num 3 --seed 7',
        "charrnn sample --run shakespeare-lstm --epoch 3 > out.txt",
        'charrnn sample "ROMEO:" --epoch all --length 60 --seed 1',
        "charrnn sample --prompt-file start.txt --top-p 0.9 --json",
        'charrnn sample "Dear " --adapt letters.txt --adapt-passes 3',
    ),
)
@click.argument("prompt", type=FreeText(), required=False)
@click.option(
    "--prompt-file", type=options.HomePath(path_type=Path), help="Read the prompt from a file."
)
@click.option(
    "--temp",
    "--temperature",
    "temperature",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Sampling temperature: below 1 safer, above 1 wilder, 0 always the likeliest character.",
)
@click.option(
    "--top-k",
    type=click.IntRange(min=1),
    help="Sample from the K likeliest characters only.  [default: all]",
)
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Sample from the fewest likeliest characters whose probabilities add up to P.",
)
@click.option(
    "--length",
    type=click.IntRange(0, LONGEST_TEXT),
    default=1000,
    show_default=True,
    help="Number of characters to write after the prompt.",
)
@click.option(
    "--num",
    type=click.IntRange(1, MOST_TEXTS),
    default=1,
    show_default=True,
    help="Number of texts to write; a line of --- separates them.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Random seed: the same seed writes the same text.  [default: a new one, shown]",
)
@click.option("--stop", metavar="TEXT", help="End a text as soon as it has written TEXT.")
@click.option(
    "--run",
    type=options.NAME_OR_PATH,
    metavar="NAME",
    shell_complete=options.run_names,
    help="Name of the run.  [default: the newest]",
)
@options.checkpoint
@options.epoch_or_all
@click.option(
    "--adapt",
    type=options.NAME_OR_PATH,
    metavar="FILE",
    shell_complete=options.corpora,
    help="Learn from this text first, - for standard input; the run stays as it is.",
)
@click.option(
    "--adapt-passes",
    "passes",
    type=click.IntRange(1, MOST_PASSES),
    help="How often to read that text.  [default: 1]",
)
@options.adapt_rate
@options.adapt_pull
@options.adapt_piece
@options.own_corpus
@options.encoding
@click.option(
    "--save-as",
    type=options.NAME_OR_PATH,
    metavar="NAME",
    help="Keep the adapted network as a run of this name.",
)
@options.unknown
@options.engine
@options.as_json
@options.checkpoints
@options.data_dir
@options.loudness
def sample(
    prompt: str | None,
    prompt_file: Path | None,
    temperature: float,
    top_k: int | None,
    top_p: float,
    length: int,
    num: int,
    seed: int | None,
    stop: str | None,
    run: str | None,
    checkpoint: Path | None,
    epoch: int | str | None,
    adapt: str | None,
    passes: int | None,
    rate: float | None,
    pull: float | None,
    piece: int | None,
    corpus: str | None,
    encoding: str | None,
    save_as: str | None,
    unknown: str,
    engine: str,
    as_json: bool,
    checkpoints: Path,
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Write text that continues PROMPT (- reads the prompt from standard input).

    The prompt and what follows go to stdout as they are written; everything else to stderr.
    """
    import secrets

    from charrnn.cli import adapting
    from charrnn.cli.engines import load_with_engine
    from charrnn.inference.encode import check_stop, encode_prompt

    more = {"passes": passes, "save_as": save_as, "corpus": corpus}
    given = {"rate": rate, "pull": pull, "piece": piece, **more}
    adaptation = adapting.choose_adaptation(adapt is not None, engine, **given)
    save_as = adapting.choose_name(checkpoints, save_as)
    every = epoch == options.ALL_EPOCHS
    if every and (adapt is not None or checkpoint or (run or "").endswith(".h5")):
        raise click.UsageError(
            "--epoch all is for a run: name no checkpoint, and leave out --adapt"
        )
    if [prompt, str(prompt_file), adapt, corpus].count("-") > 1:
        raise click.UsageError("standard input can be read once: - stands for one text alone")
    note_escapes(terminal, PROMPT=prompt, **{"--stop": stop})
    text = _read_prompt(prompt, prompt_file, encoding, terminal)
    number = epoch if isinstance(epoch, int) else None
    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, checkpoint, number)
    model = load_with_engine(path, engine)
    # What can't be used is found now, not after adapting.
    encode_prompt(model.vocabulary, text, unknown)
    check_stop(model.vocabulary, stop)
    if adapt is not None and adaptation is not None:
        how = (adaptation, passes or 1, unknown, corpus, encoding, data_dir, terminal)
        model = adapting.adapt_model(model, adapt, *how)
    if save_as:
        model.save(checkpoints / save_as)
        terminal.note(f"the adapted network is kept as run {save_as}")
    seed = secrets.randbits(32) if seed is None else seed
    if unknown == "skip":
        text = model.vocabulary.drop_unknown(text)
    settings = {"temperature": temperature, "top_k": top_k or 0, "top_p": top_p, "seed": seed}
    texts = _Texts(text, length, num, stop, settings, as_json)
    began = time.perf_counter()
    steps = texts.begin(model)  # rejects what can't be, before anything is said
    if every:
        terminal.note(f"{path.parent.name}, seed {seed}")
        written = _write_epochs(Run(path.parent, LANGUAGE), engine, texts)
    else:
        described = options.describe_checkpoint(path, model.checkpoint.provenance)
        terminal.note(f"{described}, seed {seed}")
        written = _write(steps, model, path, texts)
    seconds = time.perf_counter() - began
    speed = f"{written / seconds:,.0f} a second"
    terminal.detail(f"{say_count(written, 'character')} in {seconds:.2f} s, {speed}")


@dataclass(frozen=True)
class _Texts:
    """What is to be written.

    Attributes:
        prompt: what the texts begin with.
        length: of each, at most.
        num: how many.
        stop: what ends one.
        settings: how characters are sampled.
        as_json: write JSON.
    """

    prompt: str
    length: int
    num: int
    stop: str | None
    settings: Mapping[str, Any]
    as_json: bool

    def begin(self, model: "LanguageModel") -> Iterator[list[str]]:
        """Have a network begin to write them."""
        how = {"num": self.num, "stop": self.stop, **self.settings}
        return model.stream_many(self.prompt, self.length, **how)


def _write_epochs(run: Run, engine: str, texts: _Texts) -> int:
    """Have each epoch's network write them, under a line that names it; count the characters."""
    from charrnn.cli.engines import load_with_engine

    written = 0
    for place, path in enumerate(run.list_epoch_files() or [run.interrupted_file]):
        model = load_with_engine(path, engine)
        if not texts.as_json:
            described = options.describe_checkpoint(path, model.checkpoint.provenance)
            echo(f"{_GAP if place else ''}--- {described}\n")
        written += _write(texts.begin(model), model, path, texts)
    return written


def _write(steps: Iterator[list[str]], model: "LanguageModel", path: Path, texts: _Texts) -> int:
    """Write what the network in a file writes, step by step; count the characters."""
    from charrnn.cli.writing import make_json_form, make_plain_form, write_texts

    source, num = model.checkpoint.provenance, texts.num
    if not texts.as_json:
        return write_texts(steps, num, make_plain_form(texts.prompt))
    facts = {"checkpoint": str(path), "epoch": source.epoch, **texts.settings}
    adapted = {"adapted": source.adapted} if source.adapted else {}
    return write_texts(steps, num, make_json_form(texts.prompt, facts | adapted))


def _read_prompt(
    prompt: str | None, prompt_file: Path | None, encoding: str | None, terminal: Terminal
) -> str:
    from charrnn.data.decoding import read_text
    from charrnn.data.encodings import UTF8, find_encoding

    encoding = find_encoding(encoding or UTF8)
    if prompt is not None and prompt_file:
        raise click.UsageError("give PROMPT or --prompt-file, not both")
    if prompt != "-" and not prompt_file:
        return prompt or ""
    from_stdin = prompt_file in {None, Path("-")}
    shown = "standard input" if from_stdin else str(prompt_file)
    if from_stdin:
        terminal.note_waiting()
    try:
        if from_stdin or not prompt_file:
            return read_text(sys.stdin.buffer, shown, encoding)
        with prompt_file.open("rb") as file:
            return read_text(file, shown, encoding)
    except OSError as error:
        raise CorpusError(f"can't read {shown}: {error.strerror}") from error
