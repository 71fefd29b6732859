"""Units that are held at a value while a network reads and writes."""

from typing import Any

import numpy as np
import pytest

from charrnn.errors import UsageError
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from charrnn.inference.units import SetUnits, Unit, find_held_units
from charrnn.runs.checkpoint import Checkpoint
from tests.support.networks import MakeCheckpoint, MakeRealistic
from tests.support.stock_cells import make_cells, make_states, step

every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def compute_held_logits(checkpoint: Checkpoint, ids: Any, held: dict[Unit, float]) -> Any:
    """Logits (B, T, V) of ids (B, T) by Keras's cells, units held after each step."""
    weights, cells, rows = checkpoint.weights, make_cells(checkpoint), []
    states = [make_states(checkpoint, len(ids)) for _ in cells]
    for column in ids.T:
        signal = weights["layers/embedding/vars/0"][column]
        for layer, cell in enumerate(cells):
            states[layer] = step(cell, signal, *states[layer])
            signal = states[layer][0]
            for (where, number), value in held.items():
                if where == layer:
                    signal[:, number] = value
        rows.append(signal @ weights["layers/dense/vars/0"] + weights["layers/dense/vars/1"])
    return np.stack(rows, axis=1)


@every_cell
def test_what_is_held_is_seen_by_the_next_step_and_layer(
    make_realistic: MakeRealistic, cell: str
) -> None:
    """Logits are those of Keras's cells whose outputs are overwritten after each step."""
    checkpoint = make_realistic(cell=cell, layers=2, units=12)
    ids = np.random.default_rng(4).integers(40, size=(2, 30), dtype=np.int32)
    held = {Unit(0, 3): 0.9, Unit(0, 5): -1.0, Unit(1, 7): 0.5}
    expected = compute_held_logits(checkpoint, ids, held)
    network = NumpyStepper(checkpoint, 2, held)
    plain = NumpyStepper(checkpoint, 2)
    for _ in range(2):
        logits = np.stack([network.step(column) for column in ids.T], axis=1)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)
        network.reset()
    np.testing.assert_allclose(network.read(ids), expected, rtol=0, atol=1e-4)
    assert abs(plain.read(ids) - expected).max() > 0.1


@every_cell
def test_a_text_is_written_by_the_held_network(make_realistic: MakeRealistic, cell: str) -> None:
    """`generate` holds units from the prompt's first character on, in one and in many texts."""
    checkpoint = make_realistic(cell=cell, layers=2)
    model = LanguageModel(checkpoint)
    network = NumpyStepper(checkpoint, 1, {Unit(1, 4): 2.0, Unit(0, 2): -1.0})
    (logits,) = network.read(checkpoint.vocabulary.encode("!#%")[None])
    text, last = "", logits[-1]
    for _ in range(40):
        text += checkpoint.vocabulary.to_values()[int(last.argmax())]
        last = network.step(checkpoint.vocabulary.encode(text[-1]))[0]
    spellings: list[SetUnits] = [{4: 2.0, (0, 2): -1}, {(1, 4): np.float64(2), (0, 2): -1.0}]
    for set_units in spellings:
        held = model.generate("!#%", 40, 0, set_units=set_units)
        assert held == text != model.generate("!#%", 40, 0)
    several = model.generate("!#%", 40, seed=3, num=2, set_units={4: 2.0})
    assert several[0] == model.generate("!#%", 40, seed=3, set_units={4: 2.0})
    assert several[0] == "".join(model.stream("!#%", 40, seed=3, set_units={4: 2.0}))
    assert several[0] != model.generate("!#%", 40, seed=3)


def test_holding_nothing_changes_nothing(make_checkpoint: MakeCheckpoint) -> None:
    """An empty dictionary is as good as none."""
    model = LanguageModel(make_checkpoint())
    assert model.generate("bad", 40, seed=3, set_units={}) == model.generate("bad", 40, seed=3)


@pytest.mark.parametrize(
    ("set_units", "message"),
    [
        ({7: 1.0}, "units go from 0 to 6, not 7"),
        ({-1: 1.0}, "units go from 0 to 6, not -1"),
        ({(1, 0): 1.0}, "layers go from 0 to 0, the only one, not 1"),
        ({(0, 1, 2): 1.0}, "a number, or a layer and a number"),
        ({"3": 1.0}, "must be int, not str"),
        ({True: 1.0}, "must be int, not bool"),
        ({3: "1"}, "must be float, not str"),
        ({3: float("nan")}, "finite"),
        ({3: float("inf")}, "finite"),
        ({3: 1.0, (0, 3): 0.5}, "unit 3 twice"),
        ([3], "a dictionary"),
    ],
)
def test_what_can_t_be_held(make_checkpoint: MakeCheckpoint, set_units: Any, message: str) -> None:
    """The call itself says what is wrong with `set_units`."""
    with pytest.raises(UsageError, match=message) as failure:
        LanguageModel(make_checkpoint()).stream("bad", set_units=set_units)
    assert "`set_units`" in str(failure.value)


def test_units_are_held_by_numpy_alone(make_checkpoint: MakeCheckpoint) -> None:
    """Another engine, which would ignore them, is an error."""
    model = LanguageModel(make_checkpoint(), engine=NumpyStepper)
    with pytest.raises(UsageError, match="NumPy"):
        model.generate("bad", set_units={3: 1.0})


def test_units_of_the_last_layer_need_no_layer(make_checkpoint: MakeCheckpoint) -> None:
    """A number alone is a unit of the last layer."""
    network = make_checkpoint(layers=3).network
    assert find_held_units(network, {4: 1, (1, 4): 0.5}) == {(2, 4): 1.0, (1, 4): 0.5}
