"""What the average of words and pairs begins with."""

import numpy as np

from charrnn.data.padding import hash_bigrams
from charrnn.training.bigrams import compute_log_count_ratios, compute_ratios
from tests.support.review_runs import BAD, GOOD, calculate_ratios, make_examples


def test_log_count_ratios() -> None:
    """The ratios are the published formula's; padding's is 0, a one-sided word's the largest."""
    examples = make_examples(25, bigrams=40)
    ratios = compute_log_count_ratios(examples.bigrams or [], examples.labels, 40)
    np.testing.assert_allclose(ratios, calculate_ratios(examples, 40), atol=1e-6)
    good, bad = (int(hash_bigrams(np.array([one], np.int32), 40)[0]) for one in (GOOD, BAD))
    assert ratios[good] == ratios.max()
    assert ratios[bad] == ratios.min()
    assert ratios[0] == 0


def test_ratios_weigh_like_a_sum() -> None:
    """An average of about 250 words and pairs weighs like their sum; no review, no ratio."""
    examples = make_examples(25, bigrams=40)
    expected = 250 * calculate_ratios(examples, 40)
    np.testing.assert_allclose(compute_ratios(examples, 40), expected, rtol=1e-5, atol=1e-6)
    nothing = np.empty(0, np.int8)
    assert compute_log_count_ratios([], nothing, 40).tolist() == [0] * 40
