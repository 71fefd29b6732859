"""Planning a language model's run, and its resume, without a terminal."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.corpus import make_corpus
from charrnn.data.vocabulary import UNKNOWN
from charrnn.errors import (
    CharrnnError,
    CorpusError,
    CorpusTooShortError,
    MissingTextError,
    RunError,
    RunExistsError,
    RunFinishedError,
    UsageError,
    VocabularyError,
)
from charrnn.planning.folders import Folders
from charrnn.planning.language import (
    LanguagePlan,
    Request,
    plan_resume,
    plan_run,
)
from charrnn.planning.report import Silence
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.resume import write_progress
from charrnn.runs.run import Run
from tests.support.messages import catch_message
from tests.support.networks import MakeRun
from tests.support.reporting import RecordingReporter
from tests.support.training import Recording

TEXT = "".join("abcdefgh \n"[number % 7 + number % 4] for number in range(2000))
SETTINGS: dict[str, Any] = {
    "cell": "gru",
    "units": 5,
    "embedding": 3,
    "seq_length": 20,
    "batch_size": 4,
    "epochs": 3,
    "validation": 0.25,
    "precision": "float32",
}
REQUEST = Request(settings=SETTINGS)
RESULTS = [EpochResult(1, 2.5, 2.25, 1.0), EpochResult(2, 2.0, 2.125, 1.0)]


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    """A text of 2,000 characters."""
    path = tmp_path / "novel.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def planned(novel: Path, folders: Folders) -> LanguagePlan:
    """The plan of a small network's run on the text."""
    return plan_run([str(novel)], REQUEST, folders, Silence())


@pytest.fixture
def begun(planned: LanguagePlan) -> Run:
    """A run that has done two of its three epochs."""
    write_progress(planned.run, replace(planned.progress, results=RESULTS), [])
    return planned.run


def get_recipe(plan: LanguagePlan) -> LanguageRecipe:
    return plan.progress.recipe


def list_names(recipe: LanguageRecipe) -> list[str]:
    return [source.name for source in recipe.sources]


def resume(
    folders: Folders, name: str = "", source: Any = (), prompt: str = "", **settings: Any
) -> LanguagePlan:
    return plan_resume(name, source, settings, folders, Silence(), prompt)


def assert_same_recipe(found: LanguageRecipe, expected: LanguageRecipe) -> None:
    assert found.vocabulary.to_values() == expected.vocabulary.to_values()
    assert replace(found, vocabulary=expected.vocabulary) == expected


# New runs.


def test_a_plan_is_the_request_and_the_text(
    planned: LanguagePlan, novel: Path, folders: Folders
) -> None:
    """Network and training are as asked, the vocabulary and the ids are the text's."""
    recipe = get_recipe(planned)
    assert recipe.network == NetworkConfig(
        10, "gru", embedding=3, units=5, dropout=0.55, embedding_dropout=0.1
    )
    assert recipe.training == TrainingConfig(
        schedule="cosine",
        seq_length=20,
        batch_size=4,
        epochs=3,
        validation=0.25,
        learning_rate=0.008,
        weight_decay=0.2,
        patience=8,
    )
    assert recipe.vocabulary.to_values() == "\n abcdefgh"
    assert recipe.vocabulary.decode(planned.ids) == TEXT
    assert (recipe.corpus, list_names(recipe), recipe.begun_from) == ("novel", [str(novel)], "")
    assert planned.progress.results == []
    assert planned.steps == len(range(0, 1500 - 20, 20)) // 4  # windows of 21 in 1,500 characters
    assert planned.units_per_step == 4 * 20
    assert planned.distinct == 10
    assert (planned.precision.name, planned.origin) == ("float32", None)
    assert planned.run == Run(folders.checkpoints / "novel-gru", LANGUAGE)
    assert planned.run.folder.is_dir()


def test_silence_prints_nothing(
    novel: Path, folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    """Planning says nothing by itself."""
    plan_run([str(novel)], REQUEST, folders, Silence())
    assert capfd.readouterr() == ("", "")


def test_a_text_can_be_given_itself(folders: Folders, reporter: RecordingReporter) -> None:
    """A text that a Python caller has needs no file and no download."""
    plan = plan_run(make_corpus(TEXT), REQUEST, folders, reporter)
    assert (list_names(get_recipe(plan)), plan.run.name) == ([], "text-gru")
    assert (reporter.notes, reporter.details, reporter.downloads) == ([], [], [])


def test_a_named_run_claims_its_folder(novel: Path, folders: Folders) -> None:
    """The folder of a run whose name was chosen is its own from then on."""
    plan = plan_run([str(novel)], replace(REQUEST, run="mine"), folders, Silence())
    assert plan.run == Run(folders.checkpoints / "mine", LANGUAGE)
    with pytest.raises(RunError, match="another process"):
        plan_run([str(novel)], replace(REQUEST, run="mine"), folders, Silence())


def test_new_runs_can_be_made_elsewhere(tmp_path: Path, novel: Path, folders: Folders) -> None:
    """Runs are looked for in one folder and made in another, if one is named."""
    elsewhere = replace(folders, new_runs=tmp_path / "temporary")
    assert plan_run([str(novel)], REQUEST, elsewhere, Silence()).run.folder.parent == (
        tmp_path / "temporary"
    )
    assert not folders.checkpoints.exists()


def test_unnamed_settings_are_the_presets(folders: Folders) -> None:
    """Without settings it is the default preset, scaled to the text."""
    recipe = get_recipe(plan_run(make_corpus(TEXT * 10), Request(), folders, Silence()))
    assert (recipe.network.cell, recipe.network.units) == ("lstm", 768)
    assert (recipe.training.epochs, recipe.training.batch_size) == (100, 8)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(preset="article"), "unknown `preset` 'article'"),
        (Request(settings={"cell": "lsmt"}), "unknown `cell` 'lsmt'"),
        (Request(settings={"units": 0}), "`units` must be at least 1, not 0"),
        (Request(settings={"stride": 7}), "set `state` to reset"),
        (
            Request(budget=0),
            "`budget` must be minutes above 0 and at most 525,600, which is a year",
        ),
        (Request(budget=5, settings={"epochs": 3}), "`budget` chooses the epochs"),
        (Request(run="a b"), "`run` 'a b' can't be a folder's name"),
        (Request(from_="old", settings={"units": 5}), "the network is that of old: leave out"),
    ],
)
def test_settings_are_rejected_before_a_text_is_read(
    folders: Folders, reporter: RecordingReporter, request_: Request, message: str
) -> None:
    """What can be seen at once is rejected at once, whatever the text is."""
    error = catch_message(UsageError, lambda: plan_run(["nowhere"], request_, folders, reporter))
    assert message in error
    assert reporter.downloads == []
    assert not folders.checkpoints.exists()


def test_a_taken_name_is_rejected_before_a_text_is_read(
    folders: Folders, make_run: MakeRun
) -> None:
    """A run that exists is not trained again from the start."""
    make_run("mine")
    with pytest.raises(RunExistsError):
        plan_run(["nowhere"], replace(REQUEST, run="mine"), folders, Silence())


@pytest.mark.parametrize(
    ("text", "changes", "kind", "message"),
    [
        ("aaaa", {}, CorpusError, "the given text repeats one single character: nothing to learn"),
        ("abcd" * 10, {}, CorpusTooShortError, "`batch_size`"),
        (TEXT, {"prompt": "Zebra"}, VocabularyError, "`prompt` can't be used: "),
    ],
)
def test_a_text_that_can_not_be_used_leaves_no_run(
    folders: Folders, text: str, changes: dict[str, Any], kind: type[CharrnnError], message: str
) -> None:
    """A text that is too short or lacks the prompt's characters is rejected, without a folder."""
    request = replace(REQUEST, **changes)
    corpus = make_corpus(text)
    assert message in catch_message(kind, lambda: plan_run(corpus, request, folders, Silence()))
    assert not folders.checkpoints.exists()


def test_a_run_begins_with_another(folders: Folders, make_run: MakeRun) -> None:
    """The network is the other run's, grown by the text's characters; the training is as asked."""
    make_run("old", cell="gru", units=7, embedding=5, layers=2)
    settings = {key: SETTINGS[key] for key in SETTINGS if key not in {"cell", "units", "embedding"}}
    request = Request(from_="old", settings=settings, prompt="é")
    plan = plan_run(make_corpus(TEXT + "é"), request, folders, Silence())
    network = get_recipe(plan).network
    sizes = (network.cell, network.units, network.embedding, network.layers)
    assert sizes == ("gru", 7, 5, 2)
    assert plan.origin is not None
    assert plan.origin.introduce() == "begins with old, epoch 1; 1 character is new: 'é'"
    assert get_recipe(plan).begun_from == "old, epoch 1"
    assert get_recipe(plan).vocabulary.to_values() == "\n !abcdefghé"
    assert network.vocabulary_size == len(get_recipe(plan).vocabulary) == 12
    assert plan.distinct == 11  # the text has no exclamation mark


# Resumes.


def test_a_resume_is_the_run_as_it_was(
    begun: Run, planned: LanguagePlan, folders: Folders, reporter: RecordingReporter
) -> None:
    """Without a name and settings the newest run is resumed as it was planned."""
    plan = plan_resume("", (), {}, folders, reporter)
    assert plan.run == begun
    assert_same_recipe(get_recipe(plan), get_recipe(planned))
    assert plan.progress.results == RESULTS
    assert plan.ids.tolist() == planned.ids.tolist()
    assert (plan.steps, plan.origin) == (planned.steps, None)
    assert plan.precision == ("float32", "as before")
    assert reporter.notes == []


@pytest.mark.usefixtures("begun")
def test_some_settings_change_on_a_resume(planned: LanguagePlan, folders: Folders) -> None:
    """Epochs, patience, rate, clipping and precision can change; the rest stays."""
    changes: dict[str, Any] = {"epochs": 9, "patience": 1, "learning_rate": 0.5, "clip_norm": 2.0}
    plan = resume(folders, "novel-gru", precision="bfloat16", **changes)
    expected = replace(get_recipe(planned).training, precision=plan.precision.name, **changes)
    assert get_recipe(plan).training == expected
    assert plan.precision.reason in {"as asked", "on a GPU"}


def test_other_settings_do_not_change_on_a_resume(folders: Folders) -> None:
    """They are rejected before a run is looked for."""
    message = catch_message(UsageError, lambda: resume(folders, units=7, epochs=5, seed=1))
    assert message == "`seed`, `units` can't change on a resume: start a new run for that"


@pytest.mark.usefixtures("begun")
def test_changed_settings_are_checked(folders: Folders) -> None:
    """A value out of range, or of the wrong type, is rejected on a resume too."""
    assert "`epochs` must be at least 1" in catch_message(
        UsageError, lambda: resume(folders, epochs=0)
    )
    assert "`learning_rate` must be float" in catch_message(
        UsageError, lambda: resume(folders, learning_rate="fast")
    )


@pytest.mark.usefixtures("begun")
def test_a_finished_run_is_not_resumed(folders: Folders) -> None:
    """The error says what to set, and carries how many epochs are done."""
    with pytest.raises(RunFinishedError) as failure:
        resume(folders, epochs=2)
    assert str(failure.value) == (
        "novel-gru has done all its epochs, 2: to train further, set `epochs` to, say, 12"
    )
    assert failure.value.epochs == 2


@pytest.mark.usefixtures("begun")
def test_a_text_that_was_moved(tmp_path: Path, novel: Path, folders: Folders) -> None:
    """Where the text is now is remembered, unless the text itself is given; else it is missing."""
    moved = novel.rename(tmp_path / "moved.txt")
    with pytest.raises(MissingTextError):
        resume(folders)
    assert list_names(get_recipe(resume(folders, source=["moved.txt"]))) == [str(moved)]
    assert list_names(get_recipe(resume(folders, source=make_corpus(TEXT)))) == [str(novel)]


@pytest.mark.usefixtures("begun")
def test_another_text_is_for_a_new_run(tmp_path: Path, folders: Folders) -> None:
    """A file or a string that is another text is answered with what can be done with it."""
    other = tmp_path / "other.txt"
    other.write_text(TEXT + "!", encoding="utf-8")
    for source in ([str(other)], make_corpus(TEXT + "!")):
        message = catch_message(MissingTextError, partial(resume, folders, source=source))
        assert message.endswith(
            " was trained on: give that text as `corpus`, or learn from this one in a new run with "
            "`from_`"
        )


@pytest.mark.usefixtures("begun")
def test_a_prompt_is_checked_on_a_resume(folders: Folders) -> None:
    """A prompt with characters that the network doesn't know is rejected before training."""
    assert resume(folders, prompt="abc").steps
    message = catch_message(VocabularyError, lambda: resume(folders, prompt="Zebra"))
    assert message.startswith("`prompt` can't be used: ")


def test_an_old_resume_file_is_planned(planned: LanguagePlan, folders: Folders) -> None:
    """A stride that was written out as a number leaves ids, steps and recipe as they were."""
    recipe = get_recipe(planned)
    old = replace(recipe, training=replace(recipe.training, stride=recipe.training.seq_length))
    write_progress(planned.run, Progress(old, RESULTS), [])
    plan = resume(folders)
    assert plan.steps == planned.steps
    assert get_recipe(plan).training.window_stride == recipe.training.window_stride


# Carrying a plan out.


@pytest.mark.slow
def test_a_plan_is_carried_out_and_resumed(
    novel: Path, folders: Folders, capfd: pytest.CaptureFixture[str]
) -> None:
    """A plan trains without a terminal, and its resume does the epochs that are left."""
    request = Request(settings=SETTINGS | {"epochs": 1, "patience": 0})
    listener = Recording()
    plan_run([str(novel)], request, folders, Silence()).train(listener, lambda: False)
    plan = resume(folders, epochs=2)
    assert plan.progress.results == listener.results
    plan.train(listener, lambda: False)
    assert [result.epoch for result in listener.results] == [1, 2]
    assert plan.run.list_epochs() == [1, 2]
    assert capfd.readouterr() == ("", "")


# Rare characters.


def test_rare_characters_are_one_unknown(
    novel: Path, folders: Folders, reporter: RecordingReporter
) -> None:
    """They are noted, share an id, and do so on a resume; those of an older network are kept."""
    rare = "éÜ水水"
    novel.write_text(TEXT + rare, encoding="utf-8")
    request = replace(REQUEST, min_count=3)
    plan = plan_run([str(novel)], request, folders, reporter)
    vocabulary = get_recipe(plan).vocabulary
    assert vocabulary.to_values() == "\n abcdefgh" + UNKNOWN
    assert vocabulary.decode(plan.ids) == TEXT + UNKNOWN * 4
    assert get_recipe(plan).network.vocabulary_size == 11
    assert reporter.notes == [
        "3 rare characters became one unknown, which is never written: 'Ü' 'é' '水', in 4 places"
    ]
    write_progress(plan.run, replace(plan.progress, results=RESULTS[:1]), [])
    again = resume(folders)
    assert again.ids.tolist() == plan.ids.tolist()
    assert get_recipe(again).vocabulary.to_values() == vocabulary.to_values()


def test_no_character_is_rare(novel: Path, folders: Folders, reporter: RecordingReporter) -> None:
    """If all occur often enough, there is no unknown, and nothing to note."""
    plan = plan_run([str(novel)], replace(REQUEST, min_count=3), folders, reporter)
    assert get_recipe(plan).vocabulary.to_values() == "\n abcdefgh"
    assert reporter.notes == []


@pytest.mark.parametrize(
    ("least", "kind", "message"),
    [
        (0, UsageError, "`min_count` must be at least 1, not 0"),
        (5000, CorpusError, "no character occurs 5,000 times: give a smaller `min_count`"),
    ],
)
def test_a_useless_min_count(
    novel: Path, folders: Folders, least: int, kind: type[CharrnnError], message: str
) -> None:
    """One line, and no run is begun."""
    request = replace(REQUEST, min_count=least)
    assert catch_message(kind, lambda: plan_run([str(novel)], request, folders, Silence())) == (
        message
    )
    assert not folders.checkpoints.exists()


def test_what_an_older_network_knows_is_not_rare(
    novel: Path, folders: Folders, make_run: MakeRun, reporter: RecordingReporter
) -> None:
    """A run that begins with a network's weights knows all of its characters."""
    make_run("older")  # which knows "a" to "h", "!", a space and a line end
    novel.write_text(TEXT + "!é", encoding="utf-8")
    request = Request(from_="older", min_count=3, settings={"epochs": 1, "batch_size": 4})
    plan = plan_run([str(novel)], request, folders, reporter)
    vocabulary = get_recipe(plan).vocabulary
    assert vocabulary.to_values() == "\n !abcdefgh" + UNKNOWN
    assert vocabulary.decode(plan.ids) == TEXT + "!" + UNKNOWN
    assert "1 rare character became one unknown, which is never written: 'é', in 1 place" in (
        reporter.notes
    )
