"""Adam as one XLA program: clipping, decay and update in one pass over each weight."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class CompiledAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """`keras.optimizers.Adam`, which otherwise reads and writes every weight several times."""

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> Any:
        """Update the variables by their gradients, as Keras's `apply` does."""

        def update(*grads: Any) -> Any:
            return super(CompiledAdam, self).apply(list(grads), trainable_variables)

        return tf.function(update, jit_compile=True, autograph=False)(*grads)
