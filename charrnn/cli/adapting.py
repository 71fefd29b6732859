"""Adapting a network while it reads, or before it writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli import options
from charrnn.cli.terminal import Terminal
from charrnn.config.language import Adaptation
from charrnn.runs.kinds import LANGUAGE

if TYPE_CHECKING:
    from charrnn.data.corpus import Corpus
    from charrnn.data.reading import Reading
    from charrnn.inference.language_model import LanguageModel


def choose_adaptation(adapts: bool, engine: str, **settings: Any) -> Adaptation | None:
    """How a network adapts, if it does.

    Args:
        adapts: whether --adapt was typed.
        engine: what computes the network otherwise.
        **settings: the other options that need --adapt; those that were typed are not None.

    Raises:
        click.UsageError: options that don't go together.
    """
    given = options.list_given(settings)
    if given and not adapts:
        raise click.UsageError("the options of --adapt need --adapt: add it, or leave them out")
    if adapts and engine != "numpy":
        raise click.UsageError("--adapt is computed by NumPy: leave out --engine")
    fields = {name: given[name] for name in ("rate", "pull", "piece") if name in given}
    return Adaptation(**fields) if adapts else None


def choose_name(checkpoints: Path, save_as: str | None) -> str | None:
    """The new run's name, if there is to be one.

    Raises:
        CharrnnError: it is taken, or can't be a folder's name.
    """
    from charrnn.runs.names import choose_name

    return None if save_as is None else choose_name(checkpoints, LANGUAGE, save_as, "save_as")


def prepare_adapting(
    model: "LanguageModel",
    adaptation: Adaptation,
    corpus: "Sequence[str] | Corpus",
    data_dir: Path,
    terminal: Terminal,
) -> None:
    """Find what scales a model's steps, with what is to be said of it."""
    from charrnn.planning.gradient_rms import find_rms

    if model.path:
        source = (corpus, data_dir, terminal)
        rms = find_rms(model.path, model.checkpoint, *source, adaptation.piece)
        if rms is None:
            terminal.note(
                "note: the text that the network was trained on is unavailable, so the size of its "
                "steps follows from what it reads; name that text with --corpus FILE"
            )
        model.find_rms = lambda _: rms


def adapt_model(
    model: "LanguageModel",
    source: str,
    adaptation: Adaptation,
    passes: int,
    unknown: str,
    own: Sequence[str],
    how: "Reading",
    data_dir: Path,
    terminal: Terminal,
) -> "LanguageModel":
    """The model after it has learnt from a text, with a bar and a note of what it read."""
    from charrnn.cli.bars import Estimator, show_scoring
    from charrnn.cli.reading import count_unknown, describe_text
    from charrnn.data.oddities import list_oddities
    from charrnn.data.sources import STDIN
    from charrnn.inference.encode import encode_text
    from charrnn.inference.score import check_length
    from charrnn.planning.texts import describe_named, load_text

    if source == STDIN:
        terminal.note_waiting()
    corpus = load_text([source], data_dir, terminal, how)
    for oddity in list_oddities(corpus):
        terminal.note(f"note: {oddity}")
    ids = encode_text(model.vocabulary, corpus.text, unknown)
    length = model.vocabulary.count_characters(ids)
    check_length(length)
    prepare_adapting(model, adaptation, own, data_dir, terminal)
    counts = (len(corpus.text) - length, count_unknown(ids, model.vocabulary))
    terminal.note(f"adapting to {describe_text(describe_named([source]), length, *counts)}")
    steps = passes * (len(ids) - 1)
    with show_scoring(terminal, Estimator(terminal), "adapting", steps) as progress:
        return model.adapt(ids, adaptation, passes=passes, name=corpus.name, progress=progress)
