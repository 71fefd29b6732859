"""A batch is cut into parts for the cores, and comes back whole."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from charrnn.networks import parts


@given(rows=st.integers(1, 70), cores=st.integers(1, 9), least=st.integers(1, 40))
def test_parts_are_fair_and_large_enough(rows: int, cores: int, least: int) -> None:
    """Every row is in one part, no part is two rows larger, and none is too small to pay."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_cores", lambda: cores)
        sizes = parts.sizes(np.zeros((rows, 2)), least)
    assert sum(sizes) == rows
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == max(1, min(cores, rows // least))
    assert len(sizes) == 1 or min(sizes) >= least


def test_batch_of_unknown_size_is_one_part() -> None:
    """Inside a graph that takes any number of rows."""

    @tf.function(input_signature=[tf.TensorSpec((None, 3))])  # type: ignore[untyped-decorator]
    def cut(batch: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(batch, parts.sizes(batch))  # type: ignore[no-any-return]

    batch = tf.reshape(tf.range(15.0), (5, 3))
    (only,) = cut(batch)
    np.testing.assert_array_equal(only, batch)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_parts_join_to_the_batch(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """In the same order."""
    monkeypatch.setattr(parts, "_cores", lambda: cores)
    batch = tf.reshape(tf.range(15.0), (5, 3))
    cut = tf.split(batch, parts.sizes(batch))
    assert len(cut) == cores
    np.testing.assert_array_equal(parts.join(cut), batch)
