"""A resumed run ends as if it had never been interrupted."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import charrnn
from charrnn.errors import RunError
from charrnn.networks import parts
from charrnn.runs import container
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.point import Point
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.resume import read_progress, write_progress
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from charrnn.training.language_batches import choose_windows
from charrnn.training.stop import Interrupted
from tests.support.slow import slow_except
from tests.support.training import MakeTraining, SmallRun

KINDS: dict[str, dict[str, Any]] = {
    "bfloat16-in-parts": {
        "cell": "lstm",
        "units": 40,
        "batch_size": 64,
        "dropout": 0.4,
        "precision": "bfloat16",
    },
    "lstm-streams": {
        "cell": "lstm",
        "dropout": 0.4,
        "weight_drop": 0.3,
        "embedding_dropout": 0.1,
        "character_dropout": 0.2,
        "clip_norm": 0.5,
        "weight_decay": 0.3,
        "layers": 2,
    },
    "gru-tutorial": {"cell": "gru", "dropout": 0.4, "clip_norm": 0.0, "order": "shuffled"},
}


def _everything(model: Any) -> dict[str, Any]:
    """All that a model carries from step to step, found without the program's help."""
    optimizer = {f"optimizer {v.path}": v for v in model.optimizer.variables}
    weights = {f"weight {v.path}": v for v in model.trainable_variables}
    seeds = {
        f"seed {layer.name}": layer.seed_generator.state
        for layer in model.layers
        if type(layer).__name__ == "Dropout"
    } | {
        f"seed of masks {layer.name}": layer.drop_seeds.state
        for layer in model.layers
        if hasattr(layer, "drop_seeds")
    }
    states = {
        f"state {layer.name} {place}": state
        for layer in model.layers
        if getattr(layer, "stateful", False)
        for place, state in enumerate(layer.states)
    }
    assert all((optimizer, weights, seeds, states))
    return {
        name: variable.numpy() for name, variable in (optimizer | weights | seeds | states).items()
    }


def _assert_same(one: Any, other: Any) -> None:
    """Equal bit by bit: networks this small are computed in one order, whatever the threads."""
    values, expected = _everything(one), _everything(other)
    for value, wanted in zip(values.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(value, wanted)


@pytest.mark.parametrize("kind", slow_except(KINDS, "lstm-streams"))
def test_four_epochs_are_two_and_two_more(
    make_training: MakeTraining,
    models: list[Any],
    kind: str,
    real_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Weights, optimizer, random streams and states are those of an uninterrupted run."""
    monkeypatch.setattr(parts, "count_cores", lambda: 2)
    text = real_text[: 60 * KINDS[kind].get("batch_size", 10)]
    whole = make_training(text=text, epochs=4, **KINDS[kind])
    whole.start()
    halves = make_training(text=text, epochs=2, **KINDS[kind])
    halves.start()
    halves.resume(epochs=4)
    uninterrupted, _, resumed = models
    assert int(resumed.optimizer.iterations.numpy()) == 4 * _count_steps(whole)
    _assert_same(resumed, uninterrupted)
    whole_losses, losses = (
        [(result.train_loss, result.validation_loss) for result in small.run.read_history()]
        for small in (whole, halves)
    )
    assert losses == whole_losses
    assert [result.epoch for result in halves.run.read_history()] == [1, 2, 3, 4]


def _count_steps(small: SmallRun) -> int:
    characters = len(small.ids) * 9 // 10
    return len(choose_windows(characters, small.recipe.training, 0))


def _list_steps(small: SmallRun) -> list[tuple[str, int]]:
    """The epochs and the steps that a run heard of, in order."""
    return [event[:2] for event in small.recording.events if event[0] in {"begin", "step"}]


@pytest.mark.parametrize("kind", slow_except(KINDS, "lstm-streams"))
def test_an_epoch_interrupted_in_its_middle_goes_on(
    make_training: MakeTraining, models: list[Any], kind: str
) -> None:
    """Interrupted twice in one epoch, a run takes the steps that are left, and ends as if not.

    Each of its steps has another learning rate.
    """
    values = KINDS[kind] | {"epochs": 3, "schedule": "cosine", "batch_size": 8}
    whole, stopped = make_training(**values), make_training(**values)
    whole.start()
    with pytest.raises(Interrupted):
        stopped.start(lambda: stopped.recording.is_at(2, "step", 2))
    with pytest.raises(Interrupted):
        stopped.resume(lambda: stopped.recording.is_at(2, "step", 4))
    assert stopped.recording.point is not None
    assert stopped.recording.point.step == 2
    stopped.resume()
    uninterrupted, *_, resumed = models
    _assert_same(resumed, uninterrupted)
    steps, at = _list_steps(whole), ("begin", 2)
    place = steps.index(at)
    expected = [*steps[: place + 3], at, *steps[place + 3 : place + 5], at, *steps[place + 5 :]]
    assert _list_steps(stopped) == expected
    losses, whole_losses = (
        [(result.train_loss, result.validation_loss) for result in small.run.read_history()]
        for small in (stopped, whole)
    )
    assert losses == whole_losses
    names, whole_names = (
        sorted(path.name for path in small.run.folder.iterdir()) for small in (stopped, whole)
    )
    assert names == whole_names
    assert read_progress(stopped.run, LanguageRecipe).point is None


@pytest.mark.slow
def test_a_process_that_is_killed_loses_what_is_not_saved(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """A run that is saved after each step goes on after the last one, whatever ended it."""
    values = KINDS["lstm-streams"] | {"epochs": 2}
    whole, killed = make_training(**values), make_training(**values)
    whole.start()

    def kill() -> bool:
        if killed.recording.is_at(2, "step", 5):
            raise LookupError
        return False

    with pytest.raises(LookupError):
        killed.start(kill, checkpoint_every=1e-9)
    point = read_progress(killed.run, LanguageRecipe).point
    assert point is not None
    assert point.step == 5
    assert point.loss == killed.recording.events[-1][2]
    killed.resume()
    uninterrupted, _, resumed = models
    _assert_same(resumed, uninterrupted)


@pytest.mark.slow
def test_an_epoch_is_not_saved_before_it_is_due(make_training: MakeTraining) -> None:
    """With 0 minutes, or ten, a short epoch's middle is not written: else the run would end."""
    for minutes in (0.0, 10.0):
        small = make_training(epochs=1)
        small.start(
            small.run.interrupted_file.exists, checkpoint_every=minutes
        )  # true would end the run
        assert small.run.list_epochs() == [1]


@pytest.mark.slow
def test_a_patient_run_that_was_interrupted_ends_like_another(make_training: MakeTraining) -> None:
    """If patience runs out with the epoch that was interrupted, no other one follows."""
    small = make_training(text="a" * 300 + "b" * 100, validation=0.25, epochs=9, patience=2)
    with pytest.raises(Interrupted):
        small.start(lambda: small.recording.is_at(3, "step", 2))
    small.resume()
    assert small.run.list_epochs() == [1, 2, 3]


def test_a_point_that_no_epoch_has_is_rejected(trained: SmallRun) -> None:
    """A resume file that claims more steps than there are is damaged, in one line."""
    progress = read_progress(trained.run, LanguageRecipe)
    variables = Saved(trained.run).take_variables()
    for point in (Point(10**9, 2.0, 1.0), Point(_count_steps(trained), 2.0, 1.0)):
        write_progress(trained.run, replace(progress, point=point), variables)
        with pytest.raises(RunError, match=r"^run can't be resumed, only used: .*of an epoch of"):
            trained.resume(epochs=2)


@pytest.fixture(scope="module")
def trained_once(make_training: MakeTraining) -> SmallRun:
    small = make_training(epochs=1, cell="gru", dropout=0.1, patience=3)
    small.start()
    return small


@pytest.fixture
def trained(trained_once: SmallRun, tmp_path: Path) -> SmallRun:
    """A run of one epoch in a folder that a test may spoil."""
    shutil.copytree(trained_once.run.folder, tmp_path / "run")
    return replace(trained_once, run=Run(tmp_path / "run", LANGUAGE))


def test_epoch_files_hold_weights_alone(trained: SmallRun) -> None:
    """An epoch's file has the network's weights and no optimizer; the resume file has both."""
    with h5py.File(trained.run.epoch_file(1)) as file:
        held: dict[str, int] = {}
        file.visititems(
            lambda name, item: (
                held.update({name: item.size}) if isinstance(item, h5py.Dataset) else None
            )
        )
    network = trained.recipe.network
    assert set(held) == set(network.weight_shapes())
    assert sum(held.values()) == network.parameters
    with h5py.File(trained.run.resume_file) as file:
        assert sum(item.size for item in file["variables"].values()) > 3 * network.parameters


def _rewrite(path: Path, change: Callable[[Any], None]) -> None:
    """Change what a resume file holds, and seal it again."""
    title = path.read_bytes().split(b"\n")[0].decode()
    old = container.read(path, title, 2)
    arrays = dict(old.arrays)
    change(arrays)
    container.write(path, title, 2, old.content, arrays)


def _remove_variables(arrays: Any) -> None:
    arrays.clear()


def _add_variable(arrays: Any) -> None:
    arrays[f"variables/{len(arrays)}"] = np.zeros(3, np.float32)


def _reshape_variable(arrays: Any) -> None:
    arrays["variables/1"] = np.zeros((2, 2), np.float32)


@pytest.mark.parametrize("change", [_remove_variables, _add_variable, _reshape_variable])
def test_a_resume_file_of_other_variables_is_rejected(
    trained: SmallRun, change: Callable[[Any], None]
) -> None:
    """A file without the run's variables is rejected in one line; its epochs can be used."""
    _rewrite(trained.run.resume_file, change)
    with pytest.raises(RunError, match=r"^run can't be resumed, only used: .*resume\.h5 ") as e:
        trained.resume(epochs=2)
    assert "\n" not in str(e.value)
    assert trained.run.list_epochs() == [1]
    assert np.isfinite(charrnn.load(trained.run.folder).score("assert"))
