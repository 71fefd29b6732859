"""Adam as one XLA program: clipping, decay and update in one pass over each weight."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

_MANY = 100_000  # weights; fewer gain less in thousands of steps than compiling takes, a second


class CompiledAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """`keras.optimizers.Adam`, which otherwise reads and writes every weight several times.

    The weights of a small network are left to Keras's own, as are those that several devices have
    copies of.
    """

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> Any:
        """Update the variables by their gradients, as Keras's `apply` does."""

        def update(*grads: Any) -> Any:
            return super(CompiledAdam, self).apply(list(grads), trainable_variables)

        is_small = sum(math.prod(grad.shape) for grad in grads) < _MANY
        if is_small or tf.distribute.has_strategy():
            return update(*grads)
        return tf.function(update, jit_compile=True, autograph=False)(*grads)

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        """Leave the gradients as they are: a step has averaged them before it clips them."""
        return [*grads_and_vars]
