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
from charrnn.runs.run import Run
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


@pytest.mark.slow
def test_an_epoch_interrupted_in_its_middle_is_repeated(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """Interrupted in the middle of epoch 3 and resumed, a run ends as an uninterrupted one.

    Each of its steps has another learning rate.
    """
    values = KINDS["gru-tutorial"] | {"epochs": 4, "schedule": "cosine"}
    whole, stopped = make_training(**values), make_training(**values)
    whole.start()
    with pytest.raises(Interrupted):
        stopped.start(lambda: stopped.recording.is_at(3, "step", 5))
    stopped.resume()
    uninterrupted, _, resumed = models
    _assert_same(resumed, uninterrupted)
    assert stopped.recording.events[-1][:2] == ("end", 4)


@pytest.mark.slow
def test_an_interrupted_first_epoch_is_repeated(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """A run interrupted before its first epoch's end begins again in the same way."""
    values: dict[str, Any] = {"dropout": 0.3, "epochs": 1}
    whole, stopped = make_training(**values), make_training(**values)
    whole.start()
    with pytest.raises(Interrupted):
        stopped.start(lambda: stopped.recording.is_at(1, "step", 4))
    stopped.resume()
    uninterrupted, _, resumed = models
    _assert_same(resumed, uninterrupted)


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
