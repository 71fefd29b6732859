"""`charrnn play`: a prompt line at which a person and a network write a text in turns."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from charrnn.cli import options, run_options
from charrnn.cli.numbers import WholeNumber
from charrnn.cli.terminal import Terminal
from charrnn.cli.visible import echo
from charrnn.config.language import LONGEST_TEXT
from charrnn.errors import CharrnnError, CorpusError
from charrnn.runs.kinds import LANGUAGE

_LENGTH = 300  # characters: some lines


@click.command(
    short_help="Write a text in turns with a trained network.",
    epilog=options.examples(
        "charrnn play",
        "charrnn play shakespeare-lstm --temp 0.7 --length 200",
        r"printf 'ROMEO:\\\n/undo\nJULIET:\n/save scene.txt\n' | charrnn play --seed 7",
    ),
)
@run_options.argument(LANGUAGE)
@options.temperature
@options.top_k
@options.top_p
@click.option(
    "--length",
    type=WholeNumber(0, LONGEST_TEXT),
    default=_LENGTH,
    show_default=True,
    help="Number of characters that the network writes in a turn.",
)
@options.seed
@options.checkpoint
@options.epoch
@options.checkpoints
@options.loudness
def play(
    run: str | None,
    temperature: float,
    top_k: int | None,
    top_p: float,
    length: int,
    seed: int | None,
    checkpoint: Path | None,
    epoch: int | None,
    checkpoints: Path,
    terminal: Terminal,
) -> None:
    """Write a text in turns with the network of RUN (the newest without one).

    What you type is added to the text, and the network goes on from there; Enter alone lets it
    write more, Ctrl-C stops it. A line that begins with / is a command: /help lists them. Standard
    input may be a pipe or a file of such lines. What the network writes goes to stdout.
    """
    import secrets

    from charrnn.cli.turns import Turns
    from charrnn.inference.language_model import load_model

    path = options.choose_checkpoint(LANGUAGE, checkpoints, run, checkpoint, epoch, terminal)
    model = load_model(path)
    seed = secrets.randbits(32) if seed is None else seed
    choice = {"temperature": temperature, "top_k": top_k or 0, "top_p": top_p}
    interactive = sys.stdin.isatty()
    terminal.note(f"{options.describe_checkpoint(path, model.checkpoint.provenance)}, seed {seed}")
    if interactive:
        terminal.note(
            "type a beginning, or press Enter to let it write; /help lists commands, Ctrl-D leaves"
        )
    with _watch_ctrl_c() if interactive else contextlib.nullcontext(lambda: False) as is_stopped:
        turns = Turns(model.begin_draft(seed), choice | {"length": length}, terminal, is_stopped)
        for line in _type_lines(terminal) if interactive else _read_lines():
            try:
                turns.answer(line)
            except CharrnnError as error:
                echo(str(error).replace("`", ""), err=True)
            except OSError as error:
                if error.filename is None:
                    raise
                echo(f"{error.filename}: {error.strerror}", err=True)
            if turns.ended:
                return


@contextlib.contextmanager
def _watch_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Have Ctrl-C stop the network after a character, not the program.

    Yields:
        says whether it was pressed since the last time it was asked.
    """
    pressed: list[int] = []

    def was_pressed() -> bool:
        found = bool(pressed)
        pressed.clear()
        return found

    earlier = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield was_pressed
    finally:
        signal.signal(signal.SIGINT, earlier)


def _type_lines(terminal: Terminal) -> Iterator[str]:
    """Yield what is typed, with the line editing and the history of readline if Python has it."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - `input` uses it from then on
    prompt = "> " if sys.stdout.isatty() else ""
    while True:
        with _raise_ctrl_c():
            try:
                line = input(prompt)
            except KeyboardInterrupt:
                terminal.note("\nCtrl-D or /quit leaves")
                continue
            except EOFError:
                echo(err=True)
                return
        yield line


@contextlib.contextmanager
def _raise_ctrl_c() -> Iterator[None]:
    """Have Ctrl-C end a line that is being typed."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _read_lines() -> Iterator[str]:
    """Yield the lines of standard input, which no terminal is typing."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise CorpusError(f"line {number} of standard input is not UTF-8") from error
