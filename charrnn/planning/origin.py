"""The trained network that a new run begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from charrnn.data.vocabulary import Vocabulary, list_characters
from charrnn.errors import CheckpointError, UsageError, say_count
from charrnn.planning.texts import is_text
from charrnn.planning.transfer import grow_vocabulary
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, read_checkpoint
from charrnn.runs.kinds import LANGUAGE

_OF_THE_NETWORK = ("cell", "embedding", "layers", "units")


@dataclass(frozen=True)
class Origin:
    """A trained network that a new run begins with.

    Attributes:
        name: the run and its epoch, or the file's absolute path.
        checkpoint: the network.
        new: the text's characters that it did not know before it grew.
    """

    name: str
    checkpoint: Checkpoint
    new: str = ""

    @property
    def sizes(self) -> dict[str, Any]:
        """The settings that it decides."""
        return {name: getattr(self.checkpoint.network, name) for name in _OF_THE_NETWORK}

    def grow(self, text: Vocabulary) -> Self:
        """The network with room for the characters of a text."""
        known = self.checkpoint.vocabulary
        new = "".join(character for character in text.characters if character not in known)
        return type(self)(self.name, grow_vocabulary(self.checkpoint, text), new)

    def introduce(self) -> str:
        """What the run begins with, for a note."""
        verb = "is" if len(self.new) == 1 else "are"
        count = f"{say_count(len(self.new), 'character')} {verb}"
        news = f"{count} new: {list_characters(self.new)}" if self.new else "no character is new"
        return f"begins with {self.name}; {news}"


def find_origin(named: str, given: Mapping[str, Any], checkpoints: Path) -> Origin:
    """The best epoch of the run, or the file, that is named.

    Args:
        named: a run's name or a `.weights.h5` file.
        given: the user's own settings.
        checkpoints: where runs are kept.

    Raises:
        UsageError: a setting would give it another network.
        CheckpointError, RunError: there is no such thing, or it is no language model.
    """
    fixed = ", ".join(f"`{name}`" for name in _OF_THE_NETWORK if name in given)
    if fixed:
        raise UsageError(f"the network is that of {named}: leave out {fixed}")
    if is_text(named, checkpoints):
        raise CheckpointError(f"{named} is no {SUFFIX} file: give a run's name or a checkpoint")
    path = find_checkpoint(checkpoints, LANGUAGE, named)
    checkpoint = read_checkpoint(path)
    if path == Path(named):
        return Origin(str(path.resolve()), checkpoint)
    return Origin(f"{path.parent.name}, {checkpoint.provenance.moment}", checkpoint)
