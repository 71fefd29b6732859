"""A network with an unknown: it reads any character, and never writes that one."""

from dataclasses import replace

import numpy as np
import pytest

from charrnn.data.vocabulary import UNKNOWN
from charrnn.errors import VocabularyError
from charrnn.inference.language_model import LanguageModel
from tests.support.networks import MakeCheckpoint

BIAS = "layers/dense/vars/1"


@pytest.fixture
def model(make_checkpoint: MakeCheckpoint) -> LanguageModel:
    """A network that finds the unknown by far the likeliest."""
    made = make_checkpoint("\nabc" + UNKNOWN)
    bias = made.weights[BIAS].copy()
    bias[-1] += 50
    return LanguageModel(replace(made, weights={**made.weights, BIAS: bias}))


@pytest.mark.parametrize("temperature", [0, 1, 100])
def test_it_is_never_written(model: LanguageModel, temperature: float) -> None:
    """Neither by `generate` nor by turns, whatever the temperature."""
    written = model.generate("aé", 200, temperature, seed=1)
    assert set(written) <= set("\nabc")
    many = model.generate("a", 20, temperature, top_k=1, num=3, seed=1)
    assert set("".join(many)) <= set("\nabc")
    draft = model.begin_draft(seed=1)
    draft.read("aé")
    assert "".join(draft.write(200, temperature)) == written
    assert set("".join(draft.propose(3, 20, temperature))) <= set("\nabc")


def test_its_probability_is_that_of_writing_it(model: LanguageModel) -> None:
    """The probabilities are those that `generate` samples from."""
    found = dict(zip(*model.next_probabilities("a"), strict=True))
    assert found[UNKNOWN] == 0
    assert sum(found.values()) == pytest.approx(1)


def test_it_reads_any_character(model: LanguageModel) -> None:
    """All strange characters are the same to it, and are counted when it predicts."""
    assert model.score("abé") == model.score("ab水")
    assert model.score("abéc") != model.score("abc")
    assert model.score("abéc", unknown="skip") == model.score("abc")
    assert np.array_equal(model.inspect("abé").surprise, model.inspect("ab水").surprise, True)


def test_it_cannot_stop_at_a_strange_character(model: LanguageModel) -> None:
    """For it would never be written."""
    with pytest.raises(VocabularyError, match="`stop` would never be written"):
        model.generate("a", 10, stop="é")
