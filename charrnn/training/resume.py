"""What a resume needs, in one file: weights, optimizer, seed generators, states, settings."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from charrnn import sealed
from charrnn.config import NetworkConfig, TrainingConfig, from_mapping
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CheckpointError, RunError
from charrnn.networks.language import recurrent_layers
from charrnn.runs import EpochResult, Run

_TITLE = "charrnn resume file"
_FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """Everything that a training is defined by.

    Attributes:
        source: the corpus as the user gave it: a name, an absolute path or `-`.
        corpus: its short name.
        corpus_sha256: of its bytes; a resume refuses another text.
    """

    network: NetworkConfig
    training: TrainingConfig
    vocabulary: Vocabulary
    source: str
    corpus: str
    corpus_sha256: str


@dataclass(frozen=True)
class Finished:
    """A training as it stood when its last finished epoch ended."""

    settings: Settings
    results: Sequence[EpochResult]


def save(run: Run, finished: Finished, model: Any) -> None:
    """Replace the run's resume file.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    settings = finished.settings
    values = {
        "network": asdict(settings.network),
        "training": asdict(settings.training),
        "vocabulary": settings.vocabulary.characters,
        "source": settings.source,
        "corpus": settings.corpus,
        "corpus_sha256": settings.corpus_sha256,
        "results": [asdict(result) for result in finished.results],
    }

    def fill(file: Any) -> None:
        file.attrs["settings"] = json.dumps(values)
        for place, variable in enumerate(_variables(model)):
            file[f"variables/{place}"] = variable.numpy()

    sealed.write(run.resume_file, _TITLE, _FORMAT, fill)


def load(run: Run) -> Finished:
    """Read how far a run has come.

    Raises:
        RunError: there is no resume file, or it is damaged or of a newer format.
    """
    with _opened(run) as file:
        values = json.loads(file.attrs["settings"])
        results = [from_mapping(EpochResult, result) for result in values.pop("results")]
        network = from_mapping(NetworkConfig, values.pop("network"))
        values["training"].setdefault("precision", "float32")  # before there was a choice
        training = from_mapping(TrainingConfig, values.pop("training"))
        vocabulary = Vocabulary(values.pop("vocabulary"))
        return Finished(Settings(network, training, vocabulary, **values), results)


def restore(run: Run, model: Any) -> None:
    """Put every variable back as `save` found it; the optimizer must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    with _opened(run) as file:
        variables = _variables(model)
        if len(file["variables"]) != len(variables):
            raise ValueError("it was written for another network or by another version of Keras")
        for place, variable in enumerate(variables):
            variable.assign(file[f"variables/{place}"][()])


@contextlib.contextmanager
def _opened(run: Run) -> Iterator[Any]:
    try:
        with sealed.opened(run.resume_file, _TITLE, _FORMAT) as file:
            yield file
    except CheckpointError as error:
        raise RunError(f"{run.name} can't be resumed, only sampled: {error}") from None


def _variables(model: Any) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, and the carried states."""
    states = [state for layer in recurrent_layers(model) for state in layer.states]
    return [*model.variables, *model.optimizer.variables, *states]
