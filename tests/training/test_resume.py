"""A resume goes on as if the training had never been broken off."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import charrnn
from charrnn.runs import container
from charrnn.errors import RunError
from charrnn.networks import parts
from charrnn.runs.run import Run
from charrnn.training.batches import epoch_starts
from charrnn.training.callbacks import Interrupted

MakeTraining = Callable[..., Any]

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
        if getattr(layer, "weight_drop", 0)
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


@pytest.mark.parametrize("kind", KINDS)
def test_four_epochs_are_two_and_two_more(
    make_training: MakeTraining,
    models: list[Any],
    kind: str,
    real_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Weights, optimizer, random streams and states are those of an unbroken training."""
    monkeypatch.setattr(parts, "_cores", lambda: 2)
    text = real_text[: 60 * KINDS[kind].get("batch_size", 10)]
    whole = make_training(text=text, epochs=4, **KINDS[kind])
    whole.start()
    halves = make_training(text=text, epochs=2, **KINDS[kind])
    halves.start()
    halves.go_on(epochs=4)
    unbroken, _, resumed = models
    assert int(resumed.optimizer.iterations.numpy()) == 4 * _steps(whole)
    _assert_same(resumed, unbroken)
    whole_losses, losses = (
        [(result.train_loss, result.validation_loss) for result in training.run.history()]
        for training in (whole, halves)
    )
    assert losses == whole_losses
    assert [result.epoch for result in halves.run.history()] == [1, 2, 3, 4]


def _steps(training: Any) -> int:
    characters = len(training.ids) * 9 // 10
    return len(epoch_starts(characters, training.settings.training, 0))


def test_an_epoch_broken_off_in_its_middle_is_repeated(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """Interrupted in the middle of epoch 3 and resumed, a training ends as an unbroken one.

    Its learning rate is another in each step.
    """
    values = KINDS["gru-tutorial"] | {"epochs": 4, "schedule": "cosine"}
    whole, broken = make_training(**values), make_training(**values)
    whole.start()
    with pytest.raises(Interrupted):
        broken.start(lambda: broken.told.at(3, "step", 5))
    broken.go_on()
    unbroken, _, resumed = models
    _assert_same(resumed, unbroken)
    assert broken.told.events[-1][:2] == ("end", 4)


def test_a_broken_off_first_epoch_is_repeated(
    make_training: MakeTraining, models: list[Any]
) -> None:
    """A training interrupted before its first epoch's end begins anew, the same."""
    values = {"dropout": 0.3, "epochs": 1}
    whole, broken = make_training(**values), make_training(**values)
    whole.start()
    with pytest.raises(Interrupted):
        broken.start(lambda: broken.told.at(1, "step", 4))
    broken.go_on()
    unbroken, _, resumed = models
    _assert_same(resumed, unbroken)


@pytest.fixture(scope="module")
def trained_once(make_training: MakeTraining) -> Any:
    training = make_training(epochs=1, cell="gru", dropout=0.1, patience=3)
    training.start()
    return training


@pytest.fixture
def trained(trained_once: Any, tmp_path: Path) -> Any:
    """A training of one epoch in a folder that a test may spoil."""
    shutil.copytree(trained_once.run.folder, tmp_path / "run")
    return replace(trained_once, run=Run(tmp_path / "run"))


def test_epoch_files_hold_weights_alone(trained: Any) -> None:
    """An epoch's file has the network's weights and no optimizer; the resume file has both."""
    with h5py.File(trained.run.epoch_file(1)) as file:
        held: dict[str, int] = {}
        file.visititems(
            lambda name, item: (
                held.update({name: item.size}) if isinstance(item, h5py.Dataset) else None
            )
        )
    network = trained.settings.network
    assert set(held) == set(network.weight_shapes())
    assert sum(held.values()) == network.parameters
    with h5py.File(trained.run.resume_file) as file:
        assert sum(item.size for item in file["variables"].values()) > 3 * network.parameters


def _rewrite(path: Path, change: Callable[[Any], None]) -> None:
    """Change what a resume file holds, and seal it again."""
    title = path.read_bytes().split(b"\n")[0].decode()

    def fill(file: Any) -> None:
        with h5py.File(path) as old:
            for name in old:
                old.copy(name, file)
            for name, value in old.attrs.items():
                file.attrs[name] = value
        change(file)

    container.write(path, title, 1, fill)


def _without_variables(file: Any) -> None:
    del file["variables"]


def _of_another_shape(file: Any) -> None:
    del file["variables/1"]
    file["variables/1"] = np.zeros((2, 2), np.float32)


@pytest.mark.parametrize("change", [_without_variables, _of_another_shape])
def test_a_resume_file_of_other_variables_is_refused(
    trained: Any, change: Callable[[Any], None]
) -> None:
    """A file without the training's variables is refused in one line; its epochs can be used."""
    _rewrite(trained.run.resume_file, change)
    with pytest.raises(RunError, match=r"^run can't be resumed, only used: .*resume\.h5 ") as e:
        trained.go_on(epochs=2)
    assert "\n" not in str(e.value)
    assert trained.run.epochs() == [1]
    assert np.isfinite(charrnn.load(trained.run.folder).score("assert"))
