"""Adapting a network to a text before it writes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli.terminal import Terminal
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.config.language import Adaptation
    from charrnn.inference.language_model import LanguageModel


def check_adapting(
    adapt: str | None,
    passes: int | None,
    save_as: str | None,
    checkpoints: Path,
    *,
    reads_stdin: bool,
) -> None:
    """Reject options that don't go together, and a name that can't be a new run's.

    Raises:
        click.UsageError: options that don't go together.
        CharrnnError: the name is taken, or no name.
    """
    from charrnn.data.corpus import STDIN
    from charrnn.runs.catalogue import check_name

    if adapt is None and (save_as is not None or passes is not None):
        raise click.UsageError("--save-as and --adapt-passes are for --adapt FILE: add it")
    if adapt == STDIN and reads_stdin:
        raise click.UsageError("standard input is the prompt or the text of --adapt, not both")
    if save_as is not None:
        check_name(checkpoints, LANGUAGE, save_as, "save_as")


def adapt_model(
    model: "LanguageModel",
    source: str,
    adaptation: "Adaptation | None",
    passes: int,
    unknown: str,
    data_dir: Path,
    terminal: Terminal,
) -> "LanguageModel":
    """The model after it has learnt from a text, with a bar and a note of what it read."""
    from charrnn.cli.bars import show_scoring
    from charrnn.data.corpus import STDIN
    from charrnn.planning.texts import describe_source, load_text

    if source == STDIN:
        terminal.note_waiting()
    corpus = load_text(source, data_dir, terminal)
    terminal.note(f"adapting to {describe_source(source)}, {len(corpus.text):,} characters")
    with show_scoring(terminal.live, "adapting", passes * (len(corpus.text) - 1)) as progress:
        return model.adapt(
            corpus.text,
            adaptation,
            passes=passes,
            name=corpus.name,
            unknown=unknown,
            progress=progress,
        )
