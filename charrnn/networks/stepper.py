"""Sampling as the tutorial does it: Keras, one token at a time."""

import numpy as np
import numpy.typing as npt

from charrnn.checkpoint import Checkpoint
from charrnn.data.vocabulary import Ids
from charrnn.networks import language


class KerasStepper:
    """The network rebuilt with a batch of `batch_size`, the checkpoint's weights put back.

    Args:
        checkpoint: the network.
        batch_size: B, how many texts go side by side.
    """

    def __init__(self, checkpoint: Checkpoint, batch_size: int = 1) -> None:
        self._model = language.build(checkpoint.network, batch_size)
        self._model.set_weights(list(checkpoint.weights.values()))

    def reset(self) -> None:
        """Set the carried state to zero."""
        language.reset_state(self._model)

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, shape (B,), and give the next one's logits, (B, V)."""
        logits = self._model(ids[:, None], training=False)  # (B, 1, V)
        return np.asarray(logits[:, 0])

    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read on in each text, shape (B, T), and give every character's logits, (B, T, V).

        One by one: TensorFlow would compile the scans anew for every T.
        """
        return np.stack([self.step(column) for column in ids.T], axis=1)
