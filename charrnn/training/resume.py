"""What a resume needs, in one file: weights, optimizer, seed generators, states, settings."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import h5py

from charrnn.config import NetworkConfig, TrainingConfig, from_mapping
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CharrnnError, RunError
from charrnn.files import write_atomically
from charrnn.networks.language import recurrent_layers
from charrnn.runs import EpochResult, Run

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
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["charrnn_resume_format"] = _FORMAT
        file.attrs["settings"] = json.dumps(
            {
                "network": asdict(settings.network),
                "training": asdict(settings.training),
                "vocabulary": settings.vocabulary.characters,
                "source": settings.source,
                "corpus": settings.corpus,
                "corpus_sha256": settings.corpus_sha256,
                "results": [asdict(result) for result in finished.results],
            }
        )
        for place, variable in enumerate(_variables(model)):
            file[f"variables/{place}"] = variable.numpy()
    write_atomically(run.resume_file, content.getbuffer())


def load(run: Run) -> Finished:
    """Read how far a run has come.

    Raises:
        RunError: there is no resume file, or it is damaged or of a newer format.
    """
    try:
        with h5py.File(run.resume_file) as file:
            _check_format(run, int(file.attrs["charrnn_resume_format"]))
            values = json.loads(file.attrs["settings"])
        results = [from_mapping(EpochResult, result) for result in values.pop("results")]
        network = from_mapping(NetworkConfig, values.pop("network"))
        training = from_mapping(TrainingConfig, values.pop("training"))
        vocabulary = Vocabulary(values.pop("vocabulary"))
        return Finished(Settings(network, training, vocabulary, **values), results)
    except RunError:
        raise
    except FileNotFoundError:
        raise RunError(f"{run.name} has no {run.resume_file.name}: it can't be resumed") from None
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, CharrnnError):
        raise _damaged(run) from None


def restore(run: Run, model: Any) -> None:
    """Put every variable back as `save` found it; the optimizer must be built.

    Raises:
        RunError: the file is damaged or of another network.
    """
    try:
        with h5py.File(run.resume_file) as file:
            for place, variable in enumerate(_variables(model)):
                variable.assign(file[f"variables/{place}"][()])
    except (OSError, KeyError, TypeError, ValueError, RuntimeError):
        raise _damaged(run) from None


def _variables(model: Any) -> list[Any]:
    """Weights and seed generators, the optimizer's variables, and the carried states."""
    states = [state for layer in recurrent_layers(model) for state in layer.states]
    return [*model.variables, *model.optimizer.variables, *states]


def _check_format(run: Run, found: int) -> None:
    if found > _FORMAT:
        raise RunError(f"{run.resume_file} is of a newer charrnn: upgrade to go on")


def _damaged(run: Run) -> RunError:
    return RunError(
        f"{run.resume_file} is damaged: this run can't be resumed, but its epochs can be sampled"
    )
