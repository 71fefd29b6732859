"""What a preset makes of a text, and which preset a budget is enough for."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from charrnn.cli.origin import Origin
from charrnn.cli.terminal import Terminal, duration
from charrnn.config import NetworkConfig, TrainingConfig
from charrnn.data.corpus import Corpus
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import UsageError
from charrnn.presets.language import MOST_EPOCHS, preset_values
from charrnn.settings import Finished, LanguageSettings

if TYPE_CHECKING:
    from charrnn.networks.precision import Precision

_ENOUGH = 1 / 4  # of a preset's epochs, by guess; with fewer the next smaller one is tried


class Draft(NamedTuple):
    """A preset's name, what it makes of a text, and the precision with its reason."""

    preset: str
    settings: LanguageSettings
    precision: "Precision"


def draft(
    preset: str,
    given: Mapping[str, Any],
    corpus: Corpus,
    vocabulary: Vocabulary,
    origin: Origin | None,
) -> Draft:
    """What the preset, under the values that are given, makes of the text."""
    from charrnn.networks.precision import choose

    values = preset_values(preset, given, len(corpus.text))
    network, training = configured(len(vocabulary), values)
    precision = choose(values.get("precision", "auto"), network.units)
    training = replace(training, precision=precision.name)
    begun_from = origin.name if origin else ""
    about = (corpus.source, corpus.name, corpus.sha256, begun_from)
    return Draft(preset, LanguageSettings(network, training, vocabulary, *about), precision)


def configured(characters: int, values: Mapping[str, Any]) -> tuple[NetworkConfig, TrainingConfig]:
    """The network and the training that these values describe, but for the precision.

    Raises:
        UsageError: values outside their range, or that contradict each other.
    """

    def of(kind: type[NetworkConfig | TrainingConfig]) -> Any:
        names = {field.name for field in fields(kind)} - {"precision"}
        return {name: value for name, value in values.items() if name in names}

    return NetworkConfig(characters, **of(NetworkConfig)), TrainingConfig(**of(TrainingConfig))


def fitted(
    drafts: Sequence[Draft],
    ids: Ids,
    began: float,
    minutes: float,
    checkpoints: Path,
    terminal: Terminal,
) -> Draft:
    """The first draft that the time is enough for, with as many epochs as end in it.

    Enough is a good part of the epochs that its values were found for; for the last one, an epoch.

    Args:
        drafts: the largest first.
        ids: the text's, shape (N,).
        began: the monotonic clock, in seconds, when the minutes began.
        minutes: the time.
        checkpoints: where the run will write.
        terminal: where to say what is found.

    Raises:
        UsageError: there is none.
    """
    from charrnn.training.budget import measure

    for one in drafts:
        terminal.note("measuring the first steps")
        training = one.settings.training
        cost = measure(Finished(one.settings, []), ids, checkpoints)
        fitting = cost.epochs_within(began + 60 * minutes - time.monotonic())
        least = 1 if one is drafts[-1] else training.epochs * _ENOUGH
        if fitting >= least:
            epochs = min(fitting, MOST_EPOCHS)
            most = ", the most there are" if epochs == MOST_EPOCHS else ""
            terminal.note(
                f"epochs of about {duration(cost.epoch)}: {epochs:,} for the budget{most}"
            )
            settings = replace(one.settings, training=replace(training, epochs=epochs))
            return one._replace(settings=settings)
    needed = math.ceil((time.monotonic() - began + cost.start + cost.epoch) / 60)
    raise UsageError(
        f"not one epoch fits into --budget: it takes about {duration(cost.epoch)}, after "
        f"{duration(cost.start)} to start; give --budget {needed} --preset {one.preset}, or a "
        "shorter text"
    )
