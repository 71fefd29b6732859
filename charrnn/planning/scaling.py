"""A preset under a user's own settings, scaled to a text's length."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from charrnn.config.fields import AUTO, CELLS, PRECISIONS, require, select_fields
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import DEFAULT_PRESET, LANGUAGE_PRESETS, TUTORIAL

MOST_EPOCHS = 100
"""Each leaves a checkpoint; a text so short that more would fit has been learnt enough by then."""

_CHARACTERS = 1_115_394  # of tiny Shakespeare, whose epochs the presets give
_STEPS = 30  # that an epoch of a short text has at least, down to a batch of
_LEAST_BATCH = 8
_MOST_MINUTES = 365 * 24 * 60
_LEAST_MINUTES = {DEFAULT_PRESET: 12, "quick": 3, "minute": 0}  # of a budget


@dataclass(frozen=True)
class Draft:
    """What a preset and a user's own settings make of a network and its training.

    Attributes:
        preset: the preset's name.
        given: the user's own settings, by their names.
        network: without its vocabulary, which depends on the text.
        training: for a text as long as tiny Shakespeare, until it is scaled.
    """

    preset: str
    given: Mapping[str, Any]
    network: NetworkConfig
    training: TrainingConfig

    @classmethod
    def from_preset(cls, preset: str, given: Mapping[str, Any]) -> Self:
        """The preset's values, overridden by the given ones.

        Raises:
            UsageError: values outside their range, or that contradict each other.
        """
        require(
            preset in LANGUAGE_PRESETS,
            f"unknown `preset` {preset!r}: choose {', '.join(LANGUAGE_PRESETS)}",
        )
        cell = given.get("cell", NetworkConfig.cell)
        require(cell in CELLS, f"unknown `cell` {cell!r}: choose {', '.join(CELLS)}")
        precision = given.get("precision", AUTO)
        require(
            precision in {AUTO, *PRECISIONS},
            f"unknown `precision` {precision!r}: choose {AUTO}, {', '.join(PRECISIONS)}",
        )
        row = LANGUAGE_PRESETS[preset][cell]
        values = {**row, **given, "precision": TrainingConfig.precision}
        network = NetworkConfig(vocabulary_size=1, **select_fields(NetworkConfig, values))
        training = TrainingConfig(**select_fields(TrainingConfig, values))
        return cls(preset, given, network, training)

    def scale(self, characters: int) -> Self:
        """The draft for a text of that many characters.

        Training reads about as many characters of any text, in 1 to `MOST_EPOCHS` epochs, and in
        batches that leave an epoch enough steps. The tutorial is the same for every text.
        """
        if self.preset == TUTORIAL:
            return self
        config = self.training
        epochs = max(1, min(MOST_EPOCHS, round(config.epochs * _CHARACTERS / characters)))
        learnt = characters * (1 - config.validation)
        batch = config.batch_size
        while batch > _LEAST_BATCH and learnt < _STEPS * batch * config.seq_length:
            batch //= 2
        changes: dict[str, Any] = {"epochs": epochs, "batch_size": batch}
        scaled: dict[str, Any] = {
            name: value for name, value in changes.items() if name not in self.given
        }
        return replace(self, training=replace(config, **scaled))


def draft_presets(
    preset: str | None, budget: float | None, given: Mapping[str, Any]
) -> list[Draft]:
    """What to try, the largest network first.

    Args:
        preset: the one to draft; None for those that the budget is enough for, or the default.
        budget: minutes that training may take; None for any.
        given: the user's own settings.

    Raises:
        UsageError: values outside their range, or that contradict each other.
    """
    require(
        budget is None or 0 < budget <= _MOST_MINUTES,
        f"`budget` must be minutes above 0 and at most {_MOST_MINUTES:,}, which is a year",
    )
    require(not (budget and "epochs" in given), "`budget` chooses the epochs: leave out `epochs`")
    if preset is None and budget:
        enough = [name for name, least in _LEAST_MINUTES.items() if budget >= least]
        return [Draft.from_preset(name, given) for name in enough]
    return [Draft.from_preset(DEFAULT_PRESET if preset is None else preset, given)]
