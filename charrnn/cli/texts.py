"""The texts that `charrnn sample` writes: by one network, or by each epoch's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.cli import options
from charrnn.cli.engines import load_with_engine
from charrnn.cli.units import UnitName, spell_held
from charrnn.cli.visible import echo
from charrnn.cli.writing import make_json_form, make_plain_form, write_texts
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.inference.language_model import LanguageModel

_GAP = "\n\n"  # between what two epochs write


@dataclass(frozen=True)
class Texts:
    """What is to be written.

    Attributes:
        prompt: what the texts begin with.
        length: of each, at most.
        num: how many.
        stop: what ends one.
        held: units that are held at a value.
        settings: how characters are sampled.
        as_json: write JSON.
    """

    prompt: str
    length: int
    num: int
    stop: str | None
    held: Mapping[UnitName, float]
    settings: Mapping[str, Any]
    as_json: bool

    def begin(self, model: "LanguageModel") -> Iterator[list[str]]:
        """Have a network begin to write them."""
        how = {"num": self.num, "stop": self.stop, "set_units": self.held, **self.settings}
        return model.stream_many(self.prompt, self.length, **how)


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


def write_once(steps: Iterator[list[str]], model: "LanguageModel", path: Path, texts: Texts) -> int:
    """Write what the network in a file writes, step by step; count the characters."""
    source, num = model.checkpoint.provenance, texts.num
    if not texts.as_json:
        return write_texts(steps, num, make_plain_form(texts.prompt))
    facts = {"checkpoint": str(path)} | options.spell_moment(source) | dict(texts.settings)
    if source.adapted:
        facts["adapted"] = source.adapted
    if texts.held:
        facts["set_units"] = spell_held(texts.held)
    return write_texts(steps, num, make_json_form(texts.prompt, facts))
