"""The resume file: how far a run has come is read back without TensorFlow, or rejected."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.fields import MOST_EPOCHS
from charrnn.config.language import TrainingConfig
from charrnn.errors import RunError
from charrnn.runs import container
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.point import Point
from charrnn.runs.recipe import LanguageRecipe, Progress, ReviewRecipe, WordRecipe
from charrnn.runs.resume import (
    read_kind,
    read_place,
    read_progress,
    write_progress,
)
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.runs.sessions import Session
from tests.support import kinds
from tests.support.kinds import LANGUAGE_RECIPE as RECIPE
from tests.support.kinds import VARIABLES

TITLE, FORMAT = "charrnn resume file", 2
REJECTED = r"^tiny can't be resumed, only used: [^\n]*resume\.h5 [^\n]*$"

RESULTS = [EpochResult(1, 2.5, 2.25, 10.5), EpochResult(2, 1.75, None, 9.0)]


@pytest.fixture
def saved(run: Run) -> Run:
    """A run with a resume file."""
    kinds.write_resume_file(run, *RESULTS)
    return run


def read(run: Run) -> tuple[LanguageRecipe, list[EpochResult]]:
    progress = read_progress(run, LanguageRecipe)
    return progress.recipe, list(progress.results)


def write_settings(run: Run, content: Any) -> None:
    """Replace the resume file by a whole one that holds nothing but this."""
    container.write(run.resume_file, TITLE, FORMAT, content, {})


def list_values() -> dict[str, Any]:
    """The content of a file of an early version, but for what the tests take away."""
    return RECIPE.to_values() | {"results": [asdict(RESULTS[0])]}


def test_what_was_saved_is_loaded(saved: Run) -> None:
    """Recipe and results come back from the file as they were."""
    recipe, results = read(saved)
    assert recipe.vocabulary.to_values() == "aä水"
    assert replace(recipe, vocabulary=RECIPE.vocabulary) == RECIPE
    assert results == RESULTS
    assert read_place(saved) == (2, None)


@pytest.mark.slow
def test_the_most_epochs_that_can_be_asked_for_fit(run: Run) -> None:
    """A run of as many epochs as may be set keeps the results of all, with every digit."""
    loss = 1 / 3 * 1e-5
    result = EpochResult(50_000, loss, loss, loss, loss, loss, 10**9)
    kinds.write_resume_file(run, *[result] * MOST_EPOCHS)
    assert read_place(run).epochs == MOST_EPOCHS


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [(LANGUAGE, LanguageRecipe), (CLASSIFIER, ReviewRecipe), (WORD_MODEL, WordRecipe)],
    ids=["language model", "classifier", "word model"],
)
def test_every_kind_is_loaded(checkpoints: Path, kind: Kind, recipe: type[Any]) -> None:
    """Each kind of run has a resume file of its own kind, with accuracies if there are any."""
    run = kinds.make_run(checkpoints, kind, "mine")
    results = [EpochResult(1, 0.5, 0.25, 1.5, 0.75, 0.875)]
    kinds.write_resume_file(run, *results)
    progress = read_progress(run, recipe)
    assert progress.recipe.to_values() == kinds.RECIPES[kind].to_values()
    assert progress.results == results
    assert read_kind(run) == kind
    for other in {LanguageRecipe, ReviewRecipe, WordRecipe} - {recipe}:
        with pytest.raises(RunError, match=r"^mine can't be resumed, only used: [^\n]*$"):
            read_progress(run, other)


def test_how_a_run_is_saved_and_how_it_came_about_is_loaded(run: Run) -> None:
    """The choice of checkpoints, the sessions and the point come back as they were."""
    later = replace(RECIPE.training, epochs=40)
    sessions = [
        Session(0, RECIPE.training, "2026-11-30T08:00:00+00:00", {"keras": "3.15", "cores": "2"}),
        Session(2, later, "2026-12-01T08:00:00+00:00", {"keras": "3.16"}),
    ]
    written = Progress(RECIPE, RESULTS, None, sessions, "5", 2.5, Point(7, 1.25, 12.5))
    write_progress(run, written, [])
    read_again = read_progress(run, LanguageRecipe)
    assert replace(read_again, recipe=RECIPE) == written
    assert read_place(run) == (len(RESULTS), Point(7, 1.25, 12.5))


def test_a_file_from_before_sessions_is_read(run: Run) -> None:
    """A run that noted neither keeps all its checkpoints, and nobody knows how it came about."""
    write_settings(run, list_values())
    progress = read_progress(run, LanguageRecipe)
    assert not progress.sessions
    assert (progress.keep, progress.checkpoint_every, progress.point) == ("all", 10.0, None)


SESSION = Session(0, RECIPE.training).to_values()
POINT = Point(5, 2.5, 90.0).to_values()


@pytest.mark.parametrize(
    "odd",
    [
        {"a name\nof two lines": "\x1b[2J" * 2000},
        {"keep": "some"},
        {"keep": 3},
        {"checkpoint_every": "often"},
        {"checkpoint_every": True},
        {"checkpoint_every": -1},
        {"point": 5},
        {"point": {"step": 5}},
        {"point": POINT | {"step": 0}},
        {"point": POINT | {"step": 2.5}},
        {"point": POINT | {"seconds": -1.0}},
        {"sessions": [SESSION | {"step": -1}]},
        {"sessions": 7},
        {"sessions": [{}]},
        {"sessions": [SESSION | {"after": -1}]},
        {"sessions": [SESSION | {"after": "1"}]},
        {"sessions": [SESSION | {"began": 5}]},
        {"sessions": [SESSION | {"environment": {"keras": 3}}]},
        {"sessions": [SESSION | {"environment": {"keras": "x" * 10_000}}]},
        {"sessions": [SESSION | {"training": {"epochs": "many"}}]},
    ],
)
def test_an_odd_session_or_choice_is_rejected(run: Run, odd: dict[str, Any]) -> None:
    """What a stranger may have written there is rejected in one line."""
    write_settings(run, list_values() | odd)
    with pytest.raises(RunError, match=REJECTED):
        read(run)


def test_variables_are_kept_in_order(saved: Run) -> None:
    """Model's and optimizer's variables are stored by their place, values and types unchanged."""
    found = Saved(saved).take_variables()
    assert [variable.dtype for variable in found] == [np.float32, int]
    for one, other in zip(found, VARIABLES, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_file_that_can_not_be_written_leaves_the_old_one(saved: Run) -> None:
    """If writing fails, the last epoch's file stays."""

    def fail() -> Any:
        yield VARIABLES[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_progress(saved, Progress(RECIPE, []), fail())
    assert read(saved)[1] == RESULTS


@pytest.mark.parametrize("action", [read, read_place])
def test_a_missing_resume_file_is_named(tmp_path: Path, action: Callable[[Run], object]) -> None:
    """A run without a resume file can't be resumed, and the error says which file is missing."""
    with pytest.raises(RunError, match=r"^mine can't be resumed.* no file .*mine/resume\.h5$"):
        action(Run(tmp_path / "mine", LANGUAGE))


def truncate(content: bytes) -> bytes:
    return content[: len(content) // 2]


def empty(_: bytes) -> bytes:
    return b""


def replace_by_text(_: bytes) -> bytes:
    return b"not HDF5" * 1000


def flip_a_bit(content: bytes) -> bytes:
    place = len(content) * 3 // 4
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [truncate, empty, replace_by_text, flip_a_bit])
def test_a_damaged_file_is_rejected(saved: Run, damage: Callable[[bytes], bytes]) -> None:
    """A damaged file is rejected in one line with its name, and says no kind."""
    saved.resume_file.write_bytes(damage(saved.resume_file.read_bytes()))
    for action in (read, read_place):
        with pytest.raises(RunError, match=REJECTED):
            action(saved)
    assert read_kind(saved) is None


def without_vocabulary() -> Any:
    values = list_values()
    del values["vocabulary"]
    return values


def with_an_unknown_setting() -> Any:
    values = list_values()
    values["training"]["colour"] = "red"
    return values


def with_a_strange_result() -> Any:
    return list_values() | {"results": [{"epoch": "one"}]}


def a_text() -> Any:
    return "settings"


def a_number() -> Any:
    return 7


@pytest.mark.parametrize(
    "content",
    [without_vocabulary, with_an_unknown_setting, with_a_strange_result, a_text, a_number],
)
def test_a_file_without_its_recipe_is_rejected(run: Run, content: Callable[[], Any]) -> None:
    """A file that is whole but does not say what a run was defined by is rejected as well."""
    write_settings(run, content())
    with pytest.raises(RunError, match=REJECTED):
        read(run)


@pytest.mark.parametrize("content", [a_text, a_number])
def test_a_file_without_settings_says_no_kind(run: Run, content: Callable[[], Any]) -> None:
    """A file with anything else in the settings' place is of no kind, which is no error."""
    write_settings(run, content())
    assert read_kind(run) is None
    with pytest.raises(RunError, match=REJECTED):
        read_place(run)


def test_a_file_without_anything_is_rejected(run: Run) -> None:
    """A file that holds nothing is rejected as well."""
    container.write(run.resume_file, TITLE, FORMAT, None, {})
    with pytest.raises(RunError, match=REJECTED):
        read(run)


def test_a_newer_file_is_rejected(saved: Run) -> None:
    """A file of a later version of the program is rejected, and the error says to upgrade."""
    content = saved.resume_file.read_bytes()
    saved.resume_file.write_bytes(content.replace(b"\nformat 2\n", b"\nformat 3\n", 1))
    with pytest.raises(RunError, match=r"newer.* upgrade charrnn"):
        read(saved)


def test_a_file_from_before_schedules_is_read(run: Run) -> None:
    """Rates were constant, whole recurrent kernels were trained, and weights began at random."""
    values = list_values()
    del values["training"]["schedule"], values["training"]["weight_decay"], values["begun_from"]
    for name in ("weight_drop", "embedding_dropout", "character_dropout"):
        del values["network"][name]
    write_settings(run, values)
    recipe, _ = read(run)
    assert recipe.training == replace(RECIPE.training, schedule="constant")
    assert recipe.network == replace(RECIPE.network, weight_drop=0.0)
    assert recipe.begun_from == ""


@pytest.mark.parametrize(("stride", "state"), [(25, "carry"), (10, "reset")])
def test_a_stride_that_was_written_as_a_number_is_read(run: Run, stride: int, state: str) -> None:
    """Earlier versions wrote a window's length in the place of the 0 that means it."""
    training = TrainingConfig(seq_length=25, stride=0, state=state)
    values = list_values() | {"training": asdict(training) | {"stride": stride}}
    write_settings(run, values)
    recipe, _ = read(run)
    assert recipe.training.window_stride == stride
    later = replace(recipe.training, epochs=40, learning_rate=0.25)  # as a resume changes it
    assert later.window_stride == stride


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_next_file_replaces_the_last(checkpoints: Path, kind: Kind) -> None:
    """A run has one resume file, that of its last finished epoch."""
    run = kinds.make_run(checkpoints, kind, "mine")
    kinds.write_resume_file(run, *RESULTS)
    assert read_place(run).epochs == 2
    kinds.write_resume_file(run, *RESULTS, replace(RESULTS[0], epoch=3))
    assert read_place(run).epochs == 3
    assert [path.name for path in run.folder.iterdir()] == ["resume.h5"]


def test_a_network_larger_than_the_file_is_refused(run: Run) -> None:
    """A small file that declares a giant network is refused before the network is built."""
    kinds.write_resume_file(run)
    Saved(run).check_size(RECIPE.network.parameters)
    giant = replace(RECIPE, network=replace(RECIPE.network, units=60_000))
    with pytest.raises(RunError, match=r"resume\.h5 is smaller than the network"):
        Saved(run).check_size(giant.network.parameters)
