"""A language model whose steps are taken by one worker or by several."""

from typing import Any

import keras
import tensorflow as tf

from charrnn.training.workers import Workers


class SharedModel(keras.Model):  # type: ignore[misc]
    """A model that each worker trains on its own rows of every batch, by Keras's `fit`.

    The loss and the gradients of a step are the means over the workers, which is what one process
    gets from the whole batch; the optimizer clips after that.

    Args:
        model: its inputs and outputs.
        workers: who trains it.
    """

    def __init__(self, model: Any, workers: Workers) -> None:
        super().__init__(inputs=model.inputs, outputs=model.outputs)
        self._workers = workers

    def train_step(self, data: Any) -> dict[str, Any]:
        """Learn from a batch; returns the mean loss of the epoch so far."""
        ids, targets = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=targets, y_pred=self(ids, training=True))
        gradients = tape.gradient(loss, self.trainable_weights)
        loss, *gradients = self._workers.average([loss, *gradients])
        self.optimizer.apply(gradients, self.trainable_weights)
        return self._note(loss)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Judge a batch; returns the mean loss so far."""
        ids, targets = data
        loss = self.compute_loss(y=targets, y_pred=self(ids, training=False))
        return self._note(*self._workers.average([loss]))

    def _note(self, loss: Any) -> dict[str, Any]:
        (mean,) = self.metrics
        mean.update_state(loss)
        return dict(self.get_metrics_result())
