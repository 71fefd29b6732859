"""What `--from` names: the network that a new training begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from charrnn.checkpoint import SUFFIX, Checkpoint, read
from charrnn.cli import chosen
from charrnn.data.vocabulary import Vocabulary, listing
from charrnn.errors import CheckpointError
from charrnn.transfer import grown

_OF_THE_NETWORK = {"cell", "units", "layers", "embedding"}


@dataclass(frozen=True)
class Origin:
    """A trained network that another training begins with.

    Attributes:
        name: the run and its epoch, or the file's absolute path.
        checkpoint: the network.
        new: the text's characters that it did not know before it was `grown_for` the text.
    """

    name: str
    checkpoint: Checkpoint
    new: str = ""

    @property
    def sizes(self) -> dict[str, Any]:
        """What it decides about the new network."""
        return {name: getattr(self.checkpoint.network, name) for name in _OF_THE_NETWORK}

    def grown_for(self, text: Vocabulary) -> "Origin":
        """The network with room for the characters of a text."""
        known = self.checkpoint.vocabulary
        new = "".join(character for character in text.characters if character not in known)
        return Origin(self.name, grown(self.checkpoint, text), new)

    @property
    def introduction(self) -> str:
        """What begins, for a note."""
        many = f"{len(self.new):,} characters are" if len(self.new) > 1 else "1 character is"
        told = f"{many} new: {listing(self.new)}" if self.new else "no character is new"
        return f"begins with {self.name}; {told}"


def find_origin(named: str, given: Mapping[str, Any], checkpoints: Path) -> Origin:
    """The best epoch of the run, or the file, that is named.

    Args:
        named: a run's name or a `.weights.h5` file.
        given: the flags.
        checkpoints: where runs are kept.

    Raises:
        click.UsageError: a flag would give it another network.
        CheckpointError, RunError: there is no such thing, or it is no language model.
    """
    flags = ", ".join(f"--{name}" for name in sorted(_OF_THE_NETWORK & {*given}))
    if flags:
        raise click.UsageError(f"the network is that of {named}: leave out {flags}")
    if chosen.is_text(named, checkpoints):
        raise CheckpointError(f"{named} is no {SUFFIX} file: give a run's name or a checkpoint")
    path = chosen.named_file(named, None, checkpoints)
    source = read(path)
    if path == Path(named):
        return Origin(str(path.resolve()), source)
    return Origin(f"{chosen.run_name(path)}, {chosen.when(source.provenance)}", source)
