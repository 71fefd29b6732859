"""The texts that `charrnn sample` writes: by one network, or by each epoch's."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.cli import options
from charrnn.cli.engines import load_with_engine
from charrnn.cli.units import UnitName, spell_held
from charrnn.cli.visible import echo
from charrnn.cli.writing import (
    Form,
    make_json_form,
    make_plain_form,
    write_texts,
    write_whole_texts,
)
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.inference.language_model import LanguageModel

Write = Callable[[Form], int]
"""Writes texts in a form, and counts their characters."""

_GAP = "\n\n"  # between what two epochs write


@dataclass(frozen=True)
class Texts:
    """What is to be written.

    Attributes:
        prompt: what the texts begin with.
        length: of each, at most.
        num: how many.
        jobs: how many processes share them.
        stop: what ends one.
        held: units that are held at a value.
        settings: how characters are sampled.
        as_json: write JSON.
    """

    prompt: str
    length: int
    num: int
    jobs: int
    stop: str | None
    held: Mapping[UnitName, float]
    settings: Mapping[str, Any]
    as_json: bool

    def begin(self, model: "LanguageModel") -> Write:
        """Have a network begin; rejects what can't be written."""
        from charrnn.inference.many import TOGETHER

        how: Any = {"num": self.num, "stop": self.stop, "set_units": self.held, **self.settings}
        if self.num <= TOGETHER:
            steps = model.stream_many(self.prompt, self.length, **how)
            return partial(write_texts, steps, self.num)
        texts = model.generate_many(self.prompt, self.length, jobs=self.jobs, **how)
        return partial(_write_and_close, texts)


def write_epochs(run: Run, engine: str, texts: Texts) -> int:
    """Have each epoch's network write them, under a line that names it; count the characters."""
    written = 0
    for place, path in enumerate(run.list_epoch_files() or [run.interrupted_file]):
        model = load_with_engine(path, engine)
        if not texts.as_json:
            described = options.describe_checkpoint(path, model.checkpoint.provenance)
            echo(f"{_GAP if place else ''}--- {described}\n")
        written += write_once(texts.begin(model), model, path, texts)
    return written


def write_once(write: Write, model: "LanguageModel", path: Path, texts: Texts) -> int:
    """Write what the network in a file writes; count the characters."""
    source = model.checkpoint.provenance
    if not texts.as_json:
        return write(make_plain_form(texts.prompt))
    facts = {"checkpoint": str(path)} | options.spell_moment(source) | dict(texts.settings)
    if source.adapted:
        facts["adapted"] = source.adapted
    if texts.held:
        facts["set_units"] = spell_held(texts.held)
    return write(make_json_form(texts.prompt, facts))


def _write_and_close(texts: Generator[str], form: Form) -> int:
    with closing(texts):
        return write_whole_texts(texts, form)
