"""What a network computes while it reads, against stock Keras layers and cells."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.errors import CheckpointError, UsageError, VocabularyError
from charrnn.inference import inspect as module
from charrnn.inference.inspect import Inspection, inspect
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import Checkpoint
from tests.support.networks import MakeCheckpoint, MakeRealistic
from tests.support.stock_cells import make_cell, make_cells, make_states, read_weights, step

TEXT = "a bad cab! he had\na deaf beach"

every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def make_text(checkpoint: Checkpoint, length: int = 40) -> str:
    random = np.random.default_rng(4)
    ids = random.integers(checkpoint.network.vocabulary_size, size=length)
    return checkpoint.vocabulary.decode(ids)


def trace(checkpoint: Checkpoint, text: str) -> list[Any]:
    """The states of each layer after each character by Keras's cells, (L, N, H)."""
    signal = checkpoint.weights["layers/embedding/vars/0"][checkpoint.vocabulary.encode(text)]
    layers = []
    for cell in make_cells(checkpoint):
        states, rows = make_states(checkpoint, 1), []
        for inputs in signal:
            states = step(cell, inputs[None], *states)
            rows.append([state[0] for state in states])
        layers.append(np.array(rows))
        signal = layers[-1][:, 0]
    return [*np.stack(layers).transpose(2, 0, 1, 3)]


def probe_gates(checkpoint: Checkpoint, seen: Inspection, layer: int) -> dict[str, Any]:
    """The gates of a layer, (N, H) each: how Keras's cell acts on states that tell them apart."""
    embedded = checkpoint.weights["layers/embedding/vars/0"]
    inputs = seen.outputs[layer - 1] if layer else embedded[checkpoint.vocabulary.encode(seen.text)]
    before = np.concatenate([np.zeros_like(seen.outputs[layer, :1]), seen.outputs[layer, :-1]])
    kernel, recurrent, bias = read_weights(checkpoint, layer)
    kind, units = checkpoint.network.cell, len(recurrent)
    zero, one = np.zeros_like(before), np.ones_like(before)

    def fix(block: int, value: float) -> None:
        """Make a gate's pre-activation a constant."""
        part = slice(block * units, (block + 1) * units)
        kernel[:, part], recurrent[:, part], bias[..., part] = 0, 0, 0
        (bias[0] if bias.ndim > 1 else bias)[part] = value

    if kind == "lstm":
        plain = make_cell(kind, kernel, recurrent, bias)
        output, new = step(plain, inputs, before, zero)
        _, kept = step(plain, inputs, before, one)
        fix(2, 20)  # tanh(20) is 1
        _, let_in = step(make_cell(kind, kernel, recurrent, bias), inputs, before, zero)
        return {
            "input gate": let_in,
            "forget gate": kept - new,
            "candidate": new / let_in,
            "output gate": output / np.tanh(new),
        }
    (mixed,) = step(make_cell(kind, kernel, recurrent, bias), inputs, before)
    fix(0, -40)  # the update gate lets everything in
    (candidate,) = step(make_cell(kind, kernel, recurrent, bias), inputs, before)
    fix(2, 0)
    bias[1, 2 * units :] = 1  # what the reset gate is multiplied by
    (reset,) = step(make_cell(kind, kernel, recurrent, bias), inputs, before)
    return {
        "update gate": (mixed - candidate) / (before - candidate),
        "reset gate": np.arctanh(reset),
        "candidate": candidate,
    }


@every_cell
@pytest.mark.parametrize("layers", [1, 2])
def test_states_are_those_of_keras(make_realistic: MakeRealistic, cell: str, layers: int) -> None:
    """Every unit's output after each character is that of Keras's cell, and so is its memory."""
    checkpoint = make_realistic(cell=cell, layers=layers, units=9)
    text = make_text(checkpoint)
    seen = inspect(checkpoint, checkpoint.vocabulary.encode(text))
    outputs, *others = trace(checkpoint, text)
    assert seen.outputs.shape == (layers, len(text), 9)
    np.testing.assert_allclose(seen.outputs, outputs, rtol=0, atol=1e-5)
    if cell == "lstm":
        assert seen.cell_states is not None
        np.testing.assert_allclose(seen.cell_states, others[0], rtol=0, atol=1e-5)
    else:
        assert seen.cell_states is None


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("layer", [0, 1])
def test_gates_are_those_of_keras(make_realistic: MakeRealistic, cell: str, layer: int) -> None:
    """Each gate of a unit is what Keras's cell shows when its states are chosen to tell."""
    checkpoint = make_realistic(cell=cell, layers=2, units=6)
    seen = inspect(checkpoint, checkpoint.vocabulary.encode(make_text(checkpoint)))
    expected = probe_gates(checkpoint, seen, layer)
    for unit in (0, 5):
        gates = seen.gates((layer, unit))
        assert [*gates] == [*expected]
        for name, values in gates.items():
            assert values.shape == (len(seen.text),)
            np.testing.assert_allclose(values, expected[name][:, unit], atol=2e-3, err_msg=name)


def test_states_of_one_unit(make_realistic: MakeRealistic) -> None:
    """They are that unit's outputs and, of an LSTM, what it remembers."""
    for cell, names in (("lstm", ["cell state", "output"]), ("gru", ["output"])):
        checkpoint = make_realistic(cell=cell, layers=2, units=4)
        seen = inspect(checkpoint, checkpoint.vocabulary.encode(make_text(checkpoint)))
        states = seen.states((0, 3))
        assert [*states] == names
        np.testing.assert_array_equal(states["output"], seen.outputs[0, :, 3])
        if seen.cell_states is not None:
            np.testing.assert_array_equal(states["cell state"], seen.cell_states[0, :, 3])
        np.testing.assert_array_equal(seen.states(3)["output"], seen.outputs[1, :, 3])


def test_gates_of_the_last_layer_need_no_layer(make_realistic: MakeRealistic) -> None:
    """A number alone is a unit of the last layer; a SimpleRNN has no gates."""
    checkpoint = make_realistic(layers=2, units=4)
    seen = inspect(checkpoint, checkpoint.vocabulary.encode(make_text(checkpoint)))
    for name, values in seen.gates(3).items():
        np.testing.assert_array_equal(values, seen.gates((1, 3))[name])
    checkpoint = make_realistic(cell="rnn", units=4)
    seen = inspect(checkpoint, checkpoint.vocabulary.encode(make_text(checkpoint)))
    assert seen.gates(3) == {}


@every_cell
def test_surprise_is_how_improbable_a_character_was(
    make_checkpoint: MakeCheckpoint, cell: str
) -> None:
    """At each character it is -log of what the network gave it after the text before it."""
    model = LanguageModel(make_checkpoint(cell=cell, layers=2))
    seen = model.inspect(TEXT)
    assert seen.text == TEXT
    assert math.isnan(seen.surprise[0])
    for place in range(1, len(TEXT)):
        after = dict(zip(*model.next_probabilities(TEXT[:place]), strict=True))
        assert seen.surprise[place] == pytest.approx(-math.log(after[TEXT[place]]), abs=1e-5)
    order = sorted(range(1, len(TEXT)), key=lambda place: -seen.surprise[place])
    assert seen.most_surprising(4) == order[:4]
    assert seen.most_surprising(10**9) == order
    assert seen.loss == pytest.approx(model.score(TEXT))


def test_guesses_are_the_likeliest_characters(make_checkpoint: MakeCheckpoint) -> None:
    """At each character they are what `next_probabilities` finds likeliest before it."""
    model = LanguageModel(make_checkpoint())
    first, *others = model.inspect(TEXT).guesses(3)
    assert first == []
    assert len(others) == len(TEXT) - 1
    for place, guesses in enumerate(others, 1):
        expected = model.next_probabilities(TEXT[:place]).likeliest(3)
        assert [character for character, _ in guesses] == [character for character, _ in expected]
        found, wanted = ([probability for _, probability in row] for row in (guesses, expected))
        assert found == pytest.approx(wanted, abs=1e-6)
    assert [len(guesses) for guesses in model.inspect(TEXT).guesses(99)[1:]] == [11] * 29


def test_a_long_text_is_read_in_pieces(make_checkpoint: MakeCheckpoint) -> None:
    """A text of several blocks is one stream: its loss is that of `evaluate`."""
    model = LanguageModel(make_checkpoint(layers=2))
    text = TEXT * 100
    read: list[int] = []
    seen = model.inspect(text, progress=read.append)
    assert seen.loss == pytest.approx(model.score(text), rel=1e-6)
    assert np.isfinite(seen.surprise[1:]).all()
    assert len(read) > 2
    assert sum(read) == len(text) == len(seen.guesses(1))
    np.testing.assert_array_equal(
        model.inspect(model.vocabulary.encode(text)).outputs, seen.outputs
    )


def test_what_can_t_be_inspected(
    make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text with nothing to predict, or whose states fill the memory; a broken network."""
    checkpoint = make_checkpoint(units=7)
    model = LanguageModel(checkpoint, path=Path("here.weights.h5"))
    with pytest.raises(UsageError, match="at least two characters"):
        model.inspect("a")
    with pytest.raises(VocabularyError, match="'X'"):
        model.inspect("aXb")
    assert model.inspect("aXb", unknown="skip").text == "ab"
    for unit in (7, -1, (1, 0), (0, 0, 0), 0.5, "0"):
        with pytest.raises(UsageError, match="`unit`"):
            model.inspect("ab").gates(unit)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "_MOST_STATES", 2 * 7 * 20)
    assert len(model.inspect("a" * 20).text) == 20
    with pytest.raises(UsageError, match="at most 20 characters"):
        model.inspect("a" * 21)
    broken = {name: np.full_like(values, 1e38) for name, values in checkpoint.weights.items()}
    model = LanguageModel(replace(checkpoint, weights=broken), path=Path("here.weights.h5"))
    with pytest.raises(CheckpointError, match=r"here\.weights\.h5: .*NaN or infinity"):
        model.inspect("abc")
