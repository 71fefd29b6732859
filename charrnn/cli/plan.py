"""What `charrnn train`'s options ask for: a new training, or going on with one."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.cli import options
from charrnn.cli.display import download_bar
from charrnn.cli.terminal import Terminal
from charrnn.config import PRESETS, NetworkConfig, TrainingConfig
from charrnn.data.corpus import STDIN, Corpus, load_corpus
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import CorpusError, DownloadError, RunError
from charrnn.runs import Run, new_run, resumable
from charrnn.settings import Finished, LanguageSettings

if TYPE_CHECKING:
    from charrnn.networks.precision import Precision

_CHANGEABLE = {"epochs", "patience", "learning_rate", "clip_norm", "precision"}  # on a resume


@dataclass(frozen=True)
class Places:
    """Where things are kept, and where to say what is being done.

    Attributes:
        asked: whether the user named the checkpoints' folder on the command line.
    """

    checkpoints: Path
    data_dir: Path
    terminal: Terminal
    asked: bool = False

    def again(self, run: Run) -> str:
        """A run's name and where it is, as a command line has them."""
        where = f" --checkpoints {shlex.quote(str(self.checkpoints))}" if self.asked else ""
        return f"{shlex.quote(run.name)}{where}"


@dataclass(frozen=True)
class Plan:
    """A training about to begin or to go on: its folder, settings and results, and its text."""

    run: Run
    finished: Finished[LanguageSettings]
    ids: Ids
    steps: int
    precision: "Precision"


def begin(
    source: str | None,
    preset: str | None,
    name: str | None,
    given: Mapping[str, Any],
    places: Places,
) -> Plan:
    """A new run: the configuration's defaults, over them the preset's, over them the flags."""
    values = {**(PRESETS[preset] if preset else {}), **given}
    values.setdefault("stride", values.get("seq_length", TrainingConfig.seq_length))
    asked = values.pop("precision", "auto")
    training = TrainingConfig(**_fields_of(TrainingConfig, values))
    if name is not None:
        new_run(places.checkpoints, name, "", "")  # complains before anything is downloaded
    corpus = _load(source, places)
    vocabulary = Vocabulary.of(corpus.text)
    if len(vocabulary) == 1:
        raise CorpusError(f"{corpus.source} repeats one single character: nothing to learn")
    network = NetworkConfig(len(vocabulary), **_fields_of(NetworkConfig, values))

    from charrnn.networks.precision import choose
    from charrnn.training.batches import steps_per_epoch

    precision = choose(asked, network.units)
    training = replace(training, precision=precision.name)
    settings = LanguageSettings(
        network, training, vocabulary, corpus.source, corpus.name, corpus.sha256
    )
    ids = vocabulary.encode(corpus.text)
    steps = steps_per_epoch(ids, training)
    run = new_run(places.checkpoints, name, corpus.name, network.cell)
    return Plan(run, Finished(settings, []), ids, steps, precision)


def go_on(name: str, source: str | None, given: Mapping[str, Any], places: Places) -> Plan:
    """The run of that name, or the newest, from where its last finished epoch ended."""
    options.refuse_on_resume({*given} - _CHANGEABLE)
    run = resumable(places.checkpoints, name)

    from charrnn.networks.precision import Precision, choose
    from charrnn.training import resume
    from charrnn.training.batches import steps_per_epoch

    finished = resume.load(run, LanguageSettings)
    settings = finished.settings
    precision = Precision(settings.training.precision, "as before")
    if "precision" in given:
        precision = choose(given["precision"], settings.network.units)
    changes = {**given, "precision": precision.name}
    settings = replace(settings, training=replace(settings.training, **changes))
    done = len(finished.results)
    if done >= settings.training.epochs:
        raise RunError(
            f"{run.name} has done all its epochs, {done}: to go further add, say, --epochs "
            f"{done + 10}"
        )
    if source is None and settings.source == STDIN:
        raise CorpusError(
            f"{run.name} was trained on standard input: pipe the same text into "
            f"charrnn train - --resume {run.name}"
        )
    if (
        source is None
        and Path(settings.source).is_absolute()
        and not Path(settings.source).exists()
    ):
        raise CorpusError(
            f"{run.name} was trained on {settings.source}, which is not there any more: give the "
            "text's new place as CORPUS"
        )
    corpus = _load(settings.source if source is None else source, places)
    if corpus.sha256 != settings.corpus_sha256:
        raise CorpusError(
            f"{corpus.source} is not, or no longer, the text that {run.name} was trained on: give "
            "that one as CORPUS"
        )
    ids = settings.vocabulary.encode(corpus.text)
    steps = steps_per_epoch(ids, settings.training)
    return Plan(run, replace(finished, settings=settings), ids, steps, precision)


def _fields_of(kind: type[NetworkConfig | TrainingConfig], values: Mapping[str, Any]) -> Any:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _load(source: str | None, places: Places) -> Corpus:
    """The corpus asked for; where none was and shakespeare can't be had, pydoc."""
    named = "shakespeare" if source is None else source
    stdin = sys.stdin.buffer
    if named == STDIN:
        places.terminal.note_waiting()
    try:
        with download_bar(places.terminal, named) as progress:
            return load_corpus(named, places.data_dir, stdin, progress)
    except DownloadError as error:
        if source is not None:
            raise
        places.terminal.note(f"{error}.\nTraining on pydoc instead, the help texts inside Python.")
        return load_corpus("pydoc", places.data_dir, stdin)
