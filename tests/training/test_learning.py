"""That training learns: real text, against models that count characters."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.inference.language_model import load_model
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training.language import Work, train
from charrnn.training.language_batches import count_steps
from tests.support.slow import slow_except
from tests.support.training import Recording

Predict = Callable[[str, str], float]

STEPS = 300
MARGIN = 0.3
"""Nats per character below the bigram model; the runs here reach 0.6 or more."""


def _uniform(alphabet: str) -> Predict:
    """What a network knows before it has been trained."""
    return lambda _, __: 1 / len(alphabet)


def _unigram(text: str, alphabet: str) -> Predict:
    """How often each character occurs, each counted once more."""
    counts = Counter(text)
    return lambda _, new: (counts[new] + 1) / (len(text) + len(alphabet))


def _bigram(text: str, alphabet: str) -> Predict:
    """How often each character follows each, each counted once more."""
    pairs = Counter(pairwise(text))
    firsts = Counter(text[:-1])
    return lambda last, new: (pairs[last, new] + 1) / (firsts[last] + len(alphabet))


def _loss(predict: Predict, text: str) -> float:
    """Nats per character after the first."""
    losses = (-math.log(predict(last, new)) for last, new in pairwise(text))
    return math.fsum(losses) / (len(text) - 1)


def _train(folder: Path, text: str, cell: str, **values: Any) -> Run:
    vocabulary = Vocabulary.of(text)
    recipe = LanguageRecipe(
        NetworkConfig(len(vocabulary), cell, embedding=32, units=128),
        TrainingConfig(seq_length=50, batch_size=32, **values),
        vocabulary,
        (),
        "pydoc",
        "0" * 64,
    )
    run, ids = Run(folder, LANGUAGE), vocabulary.encode(text)
    steps = count_steps(recipe.split(ids), recipe.training)
    train(run, Work(Progress(recipe, []), ids, steps), Recording())
    return run


@pytest.mark.parametrize(
    ("cell", "learning_rate", "epochs"),
    slow_except([("rnn", 5e-3, 4), ("lstm", 1e-2, 4), ("gru", 1e-2, 3)], ("gru", 1e-2, 3)),
)
def test_a_short_run_beats_counting(
    real_text: str, tmp_path: Path, cell: str, learning_rate: float, epochs: int
) -> None:
    """In seconds each cell learns more of real text than a model that counts pairs knows."""
    vocabulary = Vocabulary.of(real_text)
    alphabet = vocabulary.characters
    border = int(len(real_text) * 0.9)
    seen, unseen = real_text[:border], real_text[border:]
    counted = [
        _loss(predict, unseen)
        for predict in (_uniform(alphabet), _unigram(seen, alphabet), _bigram(seen, alphabet))
    ]
    assert counted == sorted(counted, reverse=True)

    run = _train(tmp_path / "run", real_text, cell, epochs=epochs, learning_rate=learning_rate)
    loss = min(result.loss for result in run.read_history())
    assert loss < counted[-1] - MARGIN
    assert load_model(run.choose_checkpoint()).score(unseen) < counted[-1] - MARGIN


@pytest.mark.slow
def test_bfloat16_learns_like_float32(real_text: str, tmp_path: Path) -> None:
    """Some 100 steps with products in bfloat16 end within 1% of float32's validation loss."""
    losses = {}
    for precision in ("float32", "bfloat16"):
        run = _train(
            tmp_path / precision,
            real_text,
            "lstm",
            epochs=STEPS // 3 // (len(real_text) * 9 // 10 // (50 * 32)),
            learning_rate=3e-3,
            precision=precision,
        )
        losses[precision] = run.read_history()[-1].validation_loss
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.01)
    assert losses["bfloat16"] != losses["float32"]
