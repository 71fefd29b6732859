"""Planning a language model: a new run, or the resume of one."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from charrnn.config.cluster import Cluster, Team
from charrnn.config.fields import AUTO, require
from charrnn.data.byte_vocabulary import BYTE, CHARACTER, UNITS, AnyVocabulary, ByteVocabulary
from charrnn.data.corpus import Corpus
from charrnn.data.oddities import list_oddities
from charrnn.data.reading import AS_USUAL, Reading
from charrnn.data.text import Text
from charrnn.data.vocabulary import Ids, Vocabulary, list_characters
from charrnn.errors import CorpusError, VocabularyError, say_count
from charrnn.planning.budget import Candidate, fit_budget
from charrnn.planning.folders import Folders
from charrnn.planning.origin import Origin, find_origin
from charrnn.planning.report import Reporter, Silence
from charrnn.planning.resuming import check_changeable, make_finished_error
from charrnn.planning.scaling import Draft, draft_presets
from charrnn.planning.texts import describe_sources, load_text, reload_text
from charrnn.runs.catalogue import find_resumable
from charrnn.runs.checkpoint import Checkpoint, Weights
from charrnn.runs.claim import claim_resume
from charrnn.runs.keep import AS_BEFORE, Saving
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.names import choose_name, make_run
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import read_progress
from charrnn.runs.run import Run

if TYPE_CHECKING:
    from charrnn.networks.precision import Precision
    from charrnn.training.listener import Listener
    from charrnn.training.stop import AskStop

_CHANGEABLE = {"epochs", "patience", "learning_rate", "clip_norm", "precision"}  # on a resume
_ANOTHER_TEXT = ", or learn from this one in a new run with `from_`"


@dataclass(frozen=True)
class Request:
    """What a new run is asked to make of a text.

    Attributes:
        preset: its name; None for the budget's, or the default one.
        budget: minutes to fit the epochs to; None to leave them as they are.
        run: its name; None for one made of the corpus and the cell.
        from_: a run or a file whose network it begins with; None for a new network.
        vocabulary: what the network reads and writes, one of `UNITS`; None for characters or, if
            it begins with another network, for what that one reads.
        min_count: how often a character occurs in the text that the network is to know.
        reading: how the text's files are read.
        prompt: what the texts that it shows begin with; the network must know the characters.
        settings: fields of `NetworkConfig` and `TrainingConfig`, `precision` perhaps "auto".
        saving: how often to save it, and which checkpoints to keep.
    """

    preset: str | None = None
    budget: float | None = None
    run: str | None = None
    from_: str | None = None
    prompt: str = ""
    min_count: int = 1
    reading: Reading = AS_USUAL
    settings: Mapping[str, Any] = field(default_factory=dict)
    saving: Saving = AS_BEFORE
    vocabulary: str | None = None


@dataclass(frozen=True)
class Proposal:
    """What a new run will be; nothing is written for it yet.

    Attributes:
        name: the run's, if it was chosen; None for one made of the corpus and the cell.
        recipe: what it is defined by.
        ids: the whole text, shape (N,).
        steps: in an epoch.
        precision: of matrix products, and why.
        distinct: how many different ids occur in the text.
        origin: what it begins with; None for a new network.
        saving: how often it is saved, and which checkpoints it keeps.
    """

    name: str | None
    recipe: LanguageRecipe
    ids: Ids
    steps: int
    precision: "Precision"
    distinct: int
    origin: Origin | None
    saving: Saving

    def claim(
        self, folders: Folders, reporter: Reporter, team: Team | None = None
    ) -> "LanguagePlan":
        """Claim a folder, and so make a plan of it; in a cluster, as the chief.

        Raises:
            RunError: the name was taken in the meantime.
        """
        cell = self.recipe.network.cell
        where = (folders.destination, LANGUAGE, self.name)
        run = make_run(*where, self.recipe.corpus, cell, reporter.note)
        progress = Progress(self.recipe, []).change_saving(self.saving)
        found = (self.ids, self.steps, self.precision, self.distinct, self.origin)
        return LanguagePlan(run, progress, *found, team=team)

    def share(self, cluster: Cluster) -> "LanguageShare":
        """Plan to take part in it as a worker that is not the chief."""
        return LanguageShare(Progress(self.recipe, []), self.ids, self.steps, cluster, self.origin)


@dataclass(frozen=True)
class LanguagePlan:
    """A run about to begin or to resume.

    Attributes:
        run: its folder.
        progress: its recipe and the results so far.
        ids: the whole text, shape (N,).
        steps: in an epoch.
        precision: of matrix products, and why.
        distinct: how many different ids occur in the text.
        origin: what a new run begins with; None for a new network.
        team: who trains it together, of which this is the chief; None for one device alone.
    """

    run: Run
    progress: Progress[LanguageRecipe]
    ids: Ids
    steps: int
    precision: "Precision"
    distinct: int
    origin: Origin | None = None
    team: Team | None = None

    @property
    def unit(self) -> str:
        """What a step reads."""
        return "bytes" if self.recipe.vocabulary.unit == BYTE else "chars"

    @property
    def units_per_step(self) -> int:
        """How many of them it reads."""
        config = self.progress.recipe.training
        return config.batch_size * config.seq_length

    @property
    def recipe(self) -> LanguageRecipe:
        """What it is defined by."""
        return self.progress.recipe

    def train(self, listener: "Listener", interrupted: "AskStop") -> None:
        """Carry the plan out; see `charrnn.training.loop.train`."""
        from charrnn.training.language import Work, train

        work = Work(self.progress, self.ids, self.steps, _borrow(self.origin), self.team)
        train(self.run, work, listener, interrupted)


@dataclass(frozen=True)
class LanguageShare:
    """A run in which this process is about to take part, as a worker that is not the chief.

    Attributes:
        progress: the run's recipe and the results so far.
        ids: the whole text, shape (N,).
        steps: in an epoch.
        cluster: the workers.
        origin: what a new run begins with; None for a new network.
    """

    progress: Progress[LanguageRecipe]
    ids: Ids
    steps: int
    cluster: Cluster
    origin: Origin | None = None

    def train(self, interrupted: "AskStop") -> Checkpoint:
        """Take part; see `charrnn.training.loop.assist`."""
        from charrnn.training.language import Work, assist

        work = Work(self.progress, self.ids, self.steps, _borrow(self.origin), self.cluster)
        return assist(work, interrupted)


def plan_run(
    corpus: Sequence[str] | Corpus,
    request: Request,
    folders: Folders,
    reporter: Reporter,
    team: Team | None = None,
) -> LanguagePlan:
    """Plan a new run, and claim its folder; arguments and errors as in `propose_run`."""
    return propose_run(corpus, request, folders, reporter).claim(folders, reporter, team)


def plan_share(
    corpus: Sequence[str] | Corpus, request: Request, folders: Folders, cluster: Cluster
) -> LanguageShare:
    """Plan to take part in a new run; arguments and errors as in `propose_run`."""
    request = replace(request, run=None)  # the chief's to choose
    return propose_run(corpus, request, folders, Silence()).share(cluster)


def propose_run(
    corpus: Sequence[str] | Corpus, request: Request, folders: Folders, reporter: Reporter
) -> Proposal:
    """Work out what a new run will be: what can be rejected is rejected before a text is read.

    Args:
        corpus: its text: names, paths, `-`, or the text itself; empty for the default one.
        request: what to make of it.
        folders: where things are kept.
        reporter: shows what is done.

    Raises:
        UsageError: settings outside their range, or that contradict each other.
        CharrnnError: the text, or the network to begin with, can't be had.
    """
    request.saving.check()
    origin, settings = None, request.settings
    require(request.min_count >= 1, f"`min_count` must be at least 1, not {request.min_count}")
    if request.from_ is not None:
        origin = find_origin(request.from_, settings, folders.checkpoints)
        settings = {**origin.sizes, **settings}
    unit = _choose_unit(request, origin)
    drafts = draft_presets(request.preset, request.budget, settings)
    name = request.run
    if name is not None:
        name = choose_name(folders.destination, LANGUAGE, name)
    if isinstance(corpus, Corpus):
        changes = request.reading.list_changes()
        require(not changes, f"`{changes[0]}` is for text files: leave it out" if changes else "")
    else:
        corpus = load_text(corpus, folders.data, reporter, request.reading)
    for oddity in () if corpus.prepared else list_oddities(corpus):
        reporter.note(f"note: {oddity}")
    began = time.monotonic()
    characters = _take_vocabulary(corpus, request.min_count)
    vocabulary = ByteVocabulary() if unit == BYTE else characters
    if origin:
        origin = origin.grow(characters)
        vocabulary = origin.checkpoint.vocabulary
    if isinstance(vocabulary, Vocabulary):
        _note_unknown(corpus.text, vocabulary, reporter)
    _check_prompt(request.prompt, vocabulary)
    ids = corpus.text.encode(vocabulary)
    about = (corpus, vocabulary, len(ids), origin)
    candidates = [_make_candidate(draft, *about) for draft in drafts]
    chosen = candidates[0]
    if request.budget:
        minutes, folder = request.budget, folders.destination
        chosen = fit_budget(candidates, ids, began, minutes, folder, reporter)
    recipe = replace(chosen.recipe, min_count=request.min_count)

    from charrnn.training.language_batches import count_steps

    steps = count_steps(recipe.split(ids), recipe.training)
    distinct = corpus.text.count_distinct(vocabulary)
    return Proposal(name, recipe, ids, steps, chosen.precision, distinct, origin, request.saving)


def plan_resume(
    name: str,
    source: Sequence[str] | Corpus,
    settings: Mapping[str, Any],
    folders: Folders,
    reporter: Reporter,
    prompt: str = "",
    saving: Saving = AS_BEFORE,
    team: Team | None = None,
) -> LanguagePlan:
    """Plan to resume the run of that name, or the newest, from where it was saved.

    Args:
        name: the run's; empty for the newest.
        source: its text, or what names that now; empty if it is where it was.
        settings: those that change.
        folders: where things are kept.
        reporter: shows a download.
        prompt: as in a `Request`.
        saving: what changes of how the run is saved.
        team: who resumes it, of which this is the chief; None for one device alone.

    Raises:
        UsageError: a setting can't change on a resume.
        RunError: there is no such run, it is finished, or another process trains it.
        CorpusError: the text can't be had again.
        OSError: the run's folder can't be written.
    """
    check_changeable(settings, _CHANGEABLE)
    saving.check()
    run = find_resumable(folders.checkpoints, LANGUAGE, name)

    def claim(recipe: LanguageRecipe) -> None:
        _check_prompt(prompt, recipe.vocabulary)
        claim_resume(run)

    plan = _read_plan(run, source, settings, folders, reporter, claim)
    return replace(plan, progress=plan.progress.change_saving(saving), team=team)


def plan_resume_share(
    name: str,
    source: Sequence[str] | Corpus,
    settings: Mapping[str, Any],
    folders: Folders,
    cluster: Cluster,
) -> LanguageShare:
    """Plan to take part in the resume of a run; arguments and errors as in `plan_resume`."""
    check_changeable(settings, _CHANGEABLE)
    run = find_resumable(folders.checkpoints, LANGUAGE, name)
    plan = _read_plan(run, source, settings, folders, Silence(), lambda _: None)
    return LanguageShare(plan.progress, plan.ids, plan.steps, cluster)


def _read_plan(
    run: Run,
    source: Sequence[str] | Corpus,
    settings: Mapping[str, Any],
    folders: Folders,
    reporter: Reporter,
    claim: Callable[[LanguageRecipe], None],
) -> LanguagePlan:
    """The plan of a resume; `claim` is called before its text is read, which may take long."""
    from charrnn.networks.precision import Precision, choose_precision
    from charrnn.training.language_batches import count_steps

    progress = read_progress(run, LanguageRecipe)
    recipe = progress.recipe
    precision = Precision(recipe.training.precision, "as before")
    if "precision" in settings:
        precision = choose_precision(settings["precision"], recipe.network.units)
    changes = {**settings, "precision": precision.name}
    recipe = replace(recipe, training=replace(recipe.training, **changes))
    done = len(progress.results)
    if done >= recipe.training.epochs:
        raise make_finished_error(run, done, more=10)
    claim(recipe)
    corpus = reload_text(run, recipe, source, folders.data, reporter, _ANOTHER_TEXT)
    recipe = replace(recipe, sources=corpus.sources or recipe.sources)
    ids = corpus.text.encode(recipe.vocabulary)
    steps = count_steps(recipe.split(ids), recipe.training)
    distinct = corpus.text.count_distinct(recipe.vocabulary)
    return LanguagePlan(run, replace(progress, recipe=recipe), ids, steps, precision, distinct)


def _borrow(origin: Origin | None) -> Weights | None:
    return origin.checkpoint.weights if origin else None


def _choose_unit(request: Request, origin: Origin | None) -> str:
    """What the network is to read and write.

    Raises:
        UsageError: the network that it begins with reads something else, or there is no such thing.
    """
    unit = request.vocabulary or CHARACTER
    require(unit in UNITS, f"`vocabulary` must be one of {', '.join(UNITS)}, not {unit}")
    if origin:
        known = origin.checkpoint.vocabulary.unit
        require(
            request.vocabulary in {None, known},
            f"{request.from_} reads {known}s, which can't change: leave out `vocabulary`",
        )
        unit = known
    require(
        unit == CHARACTER or request.min_count == 1,
        "`min_count` is for characters, and bytes make up all of them: leave it out",
    )
    return unit


def _check_prompt(prompt: str, vocabulary: AnyVocabulary) -> None:
    """Reject now, not after an epoch, a prompt for the texts that a run shows.

    Raises:
        VocabularyError: the network won't know one of its characters.
    """
    try:
        vocabulary.encode(prompt)
    except VocabularyError as error:
        raise VocabularyError(f"`prompt` can't be used: {error}") from error


def _note_unknown(text: Text, vocabulary: Vocabulary, reporter: Reporter) -> None:
    unknown, times = text.count_unknown(vocabulary)
    if unknown:
        count = say_count(len(unknown), "rare character")
        occurring = f"{list_characters(unknown)}, in {say_count(times, 'place')}"
        reporter.note(f"{count} became one unknown, which is never written: {occurring}")


def _take_vocabulary(corpus: Corpus, least: int) -> Vocabulary:
    try:
        vocabulary = corpus.text.keep_frequent(least)
    except VocabularyError as error:
        raise CorpusError(f"{error}: give a smaller `min_count`") from error
    if len(vocabulary) == 1:
        raise CorpusError(
            f"{describe_sources(corpus.sources)} repeats one single character: nothing to learn"
        )
    return vocabulary


def _make_candidate(
    draft: Draft, corpus: Corpus, vocabulary: AnyVocabulary, length: int, origin: Origin | None
) -> Candidate:
    """What a draft makes of a text of so many ids."""
    from charrnn.networks.precision import choose_precision

    scaled = draft.scale(length)
    network = replace(scaled.network, vocabulary_size=len(vocabulary))
    precision = choose_precision(draft.given.get("precision", AUTO), network.units)
    training = replace(scaled.training, precision=precision.name)
    begun_from = origin.name if origin else ""
    about = (corpus.sources, corpus.name, corpus.sha256, begun_from, corpus.reading)
    recipe = LanguageRecipe(network, training, vocabulary, *about)
    return Candidate(draft.preset, recipe, precision)
