"""Cross-fitting: what a network is given to correct comes from averages that have not seen it."""

from typing import Any

import numpy as np
import pytest

from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.data.padding import Examples, hash_bigrams
from charrnn.training import residual
from charrnn.training.bigrams import BIGRAMS
from charrnn.training.residual import fit_residual
from charrnn.training.stop import Interrupted

ROWS = 500
NETWORK = ClassifierConfig(vocabulary_size=50, units=(3,), mask=True, bigrams=ROWS)
TRAINING = ReviewTraining(folds=3, seed=5)
REVIEWS = 60


@pytest.fixture(scope="module")
def learn() -> Examples:
    """Reviews of very different lengths, whose words hint at their labels."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, REVIEWS).astype(np.int8)
    lengths = random.integers(1, 40, REVIEWS)
    ids = [
        random.integers(4, 40, length).astype(np.int32) + 5 * label
        for length, label in zip(lengths, labels, strict=True)
    ]
    return Examples(ids, labels, [hash_bigrams(one, ROWS) for one in ids])


def calculate_logits(weights: dict[str, Any], examples: Examples) -> list[float]:
    """The average, review by review."""
    learned, bias, ratio = (weights[path].astype(np.float64) for path in BIGRAMS)
    table = learned * ratio
    return [float(table[rows].mean() + bias[0]) for rows in examples.bigrams or []]


@pytest.mark.slow
def test_each_review_is_corrected_to_an_average_that_has_not_seen_it(
    learn: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All reviews' average plus a review's correction is the average's of the other folds."""
    fitted = []
    fit = residual._fit

    def note(*arguments: Any) -> Any:
        fitted.append((*arguments[:2], *fit(*arguments)))
        return fitted[-1][2:]

    monkeypatch.setattr(residual, "_fit", note)
    corrected, weights = fit_residual(learn, NETWORK, TRAINING, lambda: False)
    assert len(fitted) == 1 + TRAINING.folds
    assert corrected.corrections is not None
    reached = np.array(calculate_logits(weights, learn)) + corrected.corrections
    judged = set()
    for seen, unseen, others, _ in fitted[1:]:
        assert not {one.tobytes() for one in seen.ids} & {one.tobytes() for one in unseen.ids}
        for one, expected in zip(unseen.ids, calculate_logits(others, unseen), strict=True):
            place = next(k for k, ids in enumerate(learn.ids) if ids is one)
            judged.add(place)
            assert reached[place] == pytest.approx(expected, abs=1e-5)
    assert judged == set(range(REVIEWS))


@pytest.mark.slow
def test_it_can_be_interrupted(learn: Examples) -> None:
    """Ctrl-C is not put off until all folds are done."""
    asked = []

    def stop_now() -> bool:
        asked.append(True)
        return True

    with pytest.raises(Interrupted):
        fit_residual(learn, NETWORK, TRAINING, stop_now)
    assert len(asked) == 1
