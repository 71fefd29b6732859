"""`charrnn sample`: what a trained network writes."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli import options, reading, run_options
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.typed import FreeText, note_escapes, note_file
from charrnn.cli.units import HeldUnit, UnitName, collect_held
from charrnn.config.language import LONGEST_TEXT, MOST_PASSES, MOST_TEXTS
from charrnn.errors import CorpusError, say_count
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.data.byte_vocabulary import AnyVocabulary
    from charrnn.data.vocabulary import Ids


@click.command(
    short_help="Write text with a trained network.",
    epilog=options.examples(
        'charrnn sample "All: " --temp 0.8',
        'charrnn sample "ROMEO:" --length 200 --num 3 --seed 7',
        "charrnn sample --run shakespeare-lstm --epoch 3 > out.txt",
        'charrnn sample "ROMEO:" --num 1000 --jobs 4 --json > texts.jsonl',
        'charrnn sample "ROMEO:" --epoch all --length 60 --seed 1',
        "charrnn sample --prompt-file start.txt --top-p 0.9 --json",
        'charrnn sample "Dear " --adapt letters.txt --adapt-passes 3',
        "charrnn sample --set-unit 301=-0.5 --run shakespeare-lstm",
    ),
)
@click.argument("prompt", type=FreeText(), required=False)
@click.option(
    "--prompt-file", type=options.HomePath(path_type=Path), help="Read the prompt from a file."
)
@options.temperature
@options.top_k
@options.top_p
@click.option(
    "--length",
    type=WholeNumber(0, LONGEST_TEXT),
    default=1000,
    show_default=True,
    help="Number of characters to write after the prompt.",
)
@click.option(
    "--num",
    type=WholeNumber(1, MOST_TEXTS),
    default=1,
    show_default=True,
    help="Number of texts to write; a line of --- separates them.",
)
@options.jobs("the texts, if there are more than 64", default=None)
@options.seed
@click.option("--stop", metavar="TEXT", help="End a text as soon as it has written TEXT.")
@click.option(
    "--set-unit",
    "set_units",
    type=HeldUnit(),
    multiple=True,
    metavar="UNIT=VALUE",
    help="Hold a unit's output at a value while writing, as often as there are units: "
    "charrnn inspect --find says which; 0:7=0.9 is unit 7 of layer 0, 7=0.9 of the last.",
)
@run_options.to_use(LANGUAGE)
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
    type=WholeNumber(1, MOST_PASSES),
    help="How often to read that text.  [default: 1]",
)
@options.adapt_rate
@options.adapt_pull
@options.adapt_piece
@options.own_corpus
@options.reads_texts
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
    jobs: int | None,
    seed: int | None,
    stop: str | None,
    set_units: tuple[tuple[UnitName, float], ...],
    run: str | None,
    checkpoint: Path | None,
    epoch: int | str | None,
    adapt: str | None,
    passes: int | None,
    rate: float | None,
    pull: float | None,
    piece: int | None,
    corpus: tuple[str, ...],
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool,
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
    from charrnn.cli.texts import Texts, write_epochs, write_once
    from charrnn.data.reading import make_reading
    from charrnn.inference.encode import check_stop, encode_prompt
    from charrnn.inference.units import find_held_units
    from charrnn.runs.run import Run

    more = {"passes": passes, "save_as": save_as, "corpus": corpus or None}
    how = make_reading(
        encoding=encoding, text_column=text_column, newlines=newlines, clean=clean or None
    )
    given = {"rate": rate, "pull": pull, "piece": piece, **more}
    adaptation = adapting.choose_adaptation(adapt is not None, engine, **given)
    save_as = adapting.choose_name(checkpoints, save_as)
    held = collect_held(set_units, engine)
    every = epoch == options.ALL_EPOCHS
    _check_networks(every=every, one=adapt is not None or bool(checkpoint), run=run)
    _check_stdin(prompt, str(prompt_file), adapt, *corpus)
    jobs = _choose_jobs(jobs, num, engine, terminal)
    note_escapes(terminal, PROMPT=prompt, **{"--stop": stop})
    text = _read_prompt(prompt, prompt_file, encoding, terminal)
    number = epoch if isinstance(epoch, int) else None
    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, checkpoint, number, terminal)
    model = load_with_engine(path, engine)
    # What can't be used is found now, not after adapting.
    _note_unknown(encode_prompt(model.vocabulary, text, unknown), model.vocabulary, terminal)
    check_stop(model.vocabulary, stop)
    find_held_units(model.checkpoint.network, held)
    if adapt is not None and adaptation is not None:
        where = (adaptation, passes or 1, unknown, corpus, how, data_dir, terminal)
        model = adapting.adapt_model(model, adapt, *where)
    if save_as:
        model.save(checkpoints / save_as)
        terminal.note(f"the adapted network is kept as run {save_as}")
    seed = secrets.randbits(32) if seed is None else seed
    if unknown == "skip":
        text = model.vocabulary.drop_unknown(text)
    settings = {"temperature": temperature, "top_k": top_k or 0, "top_p": top_p, "seed": seed}
    texts = Texts(text, length, num, jobs, stop, held, settings, as_json)
    began = time.perf_counter()
    write = texts.begin(model)  # rejects what can't be, before anything is said
    if every:
        terminal.note(f"{path.parent.name}, seed {seed}")
        written = write_epochs(Run(path.parent, LANGUAGE), engine, texts)
    else:
        described = options.describe_checkpoint(path, model.checkpoint.provenance)
        terminal.note(f"{described}, seed {seed}")
        written = write_once(write, model, path, texts)
    seconds = time.perf_counter() - began
    speed = f"{written / seconds:,.0f} a second"
    terminal.detail(f"{say_count(written, 'character')} in {seconds:.2f} s, {speed}")


def _check_networks(*, every: bool, one: bool, run: str | None) -> None:
    """Reject what asks for every epoch of a run, and for one network.

    Raises:
        click.UsageError: it does.
    """
    if every and (one or (run or "").endswith(".h5")):
        raise click.UsageError(
            "--epoch all is for a run: name no checkpoint, and leave out --adapt"
        )


def _check_stdin(*texts: str | None) -> None:
    """Reject texts of which several are standard input.

    Raises:
        click.UsageError: they are.
    """
    if texts.count("-") > 1:
        raise click.UsageError("standard input can be read once: - stands for one text alone")


def _choose_jobs(jobs: int | None, num: int, engine: str, terminal: Terminal) -> int:
    """How many processes write, by default one for each core; notes if that is one all the same.

    Raises:
        UsageError: several would use another engine than NumPy's.
    """
    from charrnn.cli.engines import check_jobs
    from charrnn.inference.cores import count_cores
    from charrnn.inference.many import TOGETHER

    if jobs is None:
        return count_cores() if engine == "numpy" else 1
    check_jobs(jobs, engine)
    if jobs > 1 and num <= TOGETHER:
        terminal.note(f"note: one process writes up to {TOGETHER} texts, side by side")
    return jobs


def _note_unknown(ids: "Ids", vocabulary: "AnyVocabulary", terminal: Terminal) -> None:
    if count := reading.count_unknown(ids, vocabulary):
        shown = say_count(count, "character")
        terminal.note(f"note: {shown} of the prompt the network can't tell from other rare ones")


def _read_prompt(
    prompt: str | None, prompt_file: Path | None, encoding: str | None, terminal: Terminal
) -> str:
    from charrnn.data.decoding import read_text
    from charrnn.data.encodings import UTF8, find_encoding

    note_file(terminal, prompt or "", "the prompt", "--prompt-file")
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
