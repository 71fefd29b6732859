"""How a run came about: the settings, the time and the machine, at its start and each resume."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from charrnn.config.fields import read_mapping
from charrnn.config.language import TrainingConfig
from charrnn.config.reviews import ReviewTraining

_LONGEST = 200  # characters of a value


@dataclass(frozen=True)
class Session:
    """One process's part of a run.

    Attributes:
        after: how many epochs had ended before.
        training: the settings from then on; a resume may change some.
        began: when, in UTC, in the form of ISO 8601.
        environment: versions of what computes it, the system, and how many cores there were.
        step: how many steps of the epoch under way had been taken before.
    """

    after: int
    training: TrainingConfig | ReviewTraining
    began: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    step: int = 0

    @property
    def place(self) -> tuple[int, int]:
        """How far the run had come: epochs, and steps of the one under way."""
        return self.after, self.step

    def to_values(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @classmethod
    def from_values(
        cls, values: Mapping[str, Any], training: type[TrainingConfig] | type[ReviewTraining]
    ) -> "Session":
        """The session again.

        Raises:
            CharrnnError, ValueError, TypeError, KeyError: they are not as `to_values` gives them.
        """
        after, environment = values["after"], dict(values["environment"])
        step = values.get("step", 0)
        if any(type(number) is not int or number < 0 for number in (after, step)):
            raise ValueError("the epochs or steps before a session are no number")
        if not all(map(_is_short, [values["began"], *environment, *environment.values()])):
            raise ValueError("an environment does not consist of short strings")
        settings = read_mapping(training, values["training"])
        return cls(after, settings, values["began"], environment, step)


def add_session(sessions: Sequence[Session], new: Session) -> list[Session]:
    """The sessions and a new one, which takes the place of those that took no step.

    One with the same settings, on the same machine, is part of the last.
    """
    kept = [one for one in sessions if one.place < new.place]
    if kept and (kept[-1].training, kept[-1].environment) == (new.training, new.environment):
        return kept
    return [*kept, new]


def _is_short(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST
