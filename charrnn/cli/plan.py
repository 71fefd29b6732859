"""What `charrnn train`'s options ask for: a new training, or going on with one."""

import math
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn import resume_file
from charrnn.cli import options, texts
from charrnn.cli.drafts import configured, draft, fitted
from charrnn.cli.origin import Origin, find_origin
from charrnn.cli.terminal import Terminal
from charrnn.config import require
from charrnn.data.corpus import NAMED, STDIN, Corpus
from charrnn.data.vocabulary import Ids, Vocabulary
from charrnn.errors import CorpusError, RunError, VocabularyError
from charrnn.folders import DATA
from charrnn.presets.language import DEFAULT, preset_values, presets_for
from charrnn.runs import Run, new_run, resumable
from charrnn.settings import Finished, LanguageSettings

if TYPE_CHECKING:
    from charrnn.networks.precision import Precision

_CHANGEABLE = {"epochs", "patience", "learning_rate", "clip_norm", "precision"}  # on a resume


@dataclass(frozen=True)
class Places:
    """Where things are kept, and where to say what is being done."""

    checkpoints: Path
    data_dir: Path
    terminal: Terminal


@dataclass(frozen=True)
class Plan:
    """A training about to begin or to go on: its folder, settings and results, and its text."""

    run: Run
    finished: Finished[LanguageSettings]
    ids: Ids
    steps: int
    precision: "Precision"
    origin: Origin | None = None

    def go_on_command(self, data_dir: Path) -> str:
        """What goes on with it, as a command line has it; a text that was piped goes in again."""
        source = self.finished.settings.source
        if source == STDIN:
            return f"... | {self.run.resume_command(STDIN)}"
        named = source in NAMED and data_dir != DATA
        where = f" --data-dir {shlex.quote(str(data_dir))}" if named else ""
        return f"{self.run.resume_command()}{where}"

    @property
    def distinct(self) -> int:
        """How many characters the text has; a network begun with another's weights knows more."""
        return int(np.count_nonzero(np.bincount(self.ids)))


@dataclass(frozen=True)
class Request:
    """What a new training is asked to be.

    Attributes:
        corpus: its text; none for the default one.
        preset: its name; none for the budget's, or the default one.
        budget: minutes to fit the epochs to; none to leave them as they are.
        run: its name; none for one made of the corpus and the cell.
        begun_from: a run or a file whose network it begins with; none for a new network.
        prompt: what the texts begin with that it shows; the network must know the characters.
        given: the settings that were typed.
    """

    corpus: str | None
    preset: str | None
    budget: float | None
    run: str | None
    begun_from: str | None
    prompt: str
    given: Mapping[str, Any]

    @property
    def presets(self) -> list[str]:
        """The presets that come into question, the largest first."""
        if self.preset:
            return [self.preset]
        return presets_for(self.budget) if self.budget else [DEFAULT]

    def check(self, checkpoints: Path) -> None:
        """Complain of what can be seen before a text is read or downloaded."""
        budget = self.budget
        require(
            budget is None or 0 < budget < math.inf, "--budget must be a number of minutes above 0"
        )
        configured(1, preset_values(self.presets[0], self.given, 1))
        if self.run is not None:
            new_run(checkpoints, self.run, "", "")


def begin(request: Request, places: Places) -> Plan:
    """A new run: the configuration's defaults, over them the preset's, over them the flags."""
    origin = None
    if request.begun_from is not None:
        origin = find_origin(request.begun_from, request.given, places.checkpoints)
        request = replace(request, given={**origin.sizes, **request.given})
    request.check(places.checkpoints)
    corpus = texts.load(request.corpus, places.data_dir, places.terminal)
    began = time.monotonic()
    vocabulary = _vocabulary(corpus)
    if origin:
        origin = origin.grown_for(vocabulary)
        vocabulary = origin.checkpoint.vocabulary
    check_prompt(request.prompt, vocabulary)
    ids = vocabulary.encode(corpus.text)
    drafts = [draft(one, request.given, corpus, vocabulary, origin) for one in request.presets]
    chosen = drafts[0]
    if request.budget:
        folder, terminal = places.checkpoints, places.terminal
        chosen = fitted(drafts, ids, began, request.budget, folder, terminal)
    settings = chosen.settings

    from charrnn.training.batches import steps_per_epoch

    steps = steps_per_epoch(ids, settings.training)
    run = new_run(places.checkpoints, request.run, corpus.name, settings.network.cell)
    return Plan(run, Finished(settings, []), ids, steps, chosen.precision, origin)


def check_prompt(prompt: str, vocabulary: Vocabulary) -> None:
    """Complain now, not after an epoch.

    Raises:
        VocabularyError: the network won't know one of its characters.
    """
    try:
        vocabulary.encode(prompt)
    except VocabularyError as error:
        raise VocabularyError(f"--prompt can't be used: {error}") from None


def _vocabulary(corpus: Corpus) -> Vocabulary:
    vocabulary = Vocabulary.of(corpus.text)
    if len(vocabulary) == 1:
        raise CorpusError(f"{corpus.source} repeats one single character: nothing to learn")
    return vocabulary


def go_on(name: str, source: str | None, given: Mapping[str, Any], places: Places) -> Plan:
    """The run of that name, or the newest, from where its last finished epoch ended."""
    options.refuse_on_resume({*given} - _CHANGEABLE)
    run = resumable(places.checkpoints, name)

    from charrnn.networks.precision import Precision, choose
    from charrnn.training.batches import steps_per_epoch

    finished = resume_file.load(run, LanguageSettings)
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
    elsewhere = "give that text's place as CORPUS"
    if settings.source == STDIN:
        elsewhere = f"pipe the same text into {run.resume_command(STDIN)}"
    corpus = texts.load_again(
        run.name, settings, source, elsewhere, places.data_dir, places.terminal
    )
    settings = replace(settings, source=corpus.source)
    ids = settings.vocabulary.encode(corpus.text)
    steps = steps_per_epoch(ids, settings.training)
    return Plan(run, replace(finished, settings=settings), ids, steps, precision)
