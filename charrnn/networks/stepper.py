"""Sampling the way the tutorial does: with Keras, one character at a time."""

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.networks.language import build_model, reset_states
from charrnn.runs.checkpoint import Checkpoint


class KerasStepper:
    """A checkpoint's network, rebuilt for a batch of `batch_size` texts.

    Args:
        checkpoint: the network.
        batch_size: B, how many texts are read side by side.
    """

    def __init__(self, checkpoint: Checkpoint, batch_size: int = 1) -> None:
        self._model = build_model(checkpoint.network, batch_size)
        self._model.set_weights(list(checkpoint.weights.values()))

    def reset(self) -> None:
        """Set the carried state to zero."""
        reset_states(self._model)

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, (B,), and return the next one's logits, (B, V)."""
        logits = self._model(ids[:, None], training=False)  # (B, 1, V)
        return np.asarray(logits[:, 0])

    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read T characters of each text, (B, T), and return the logits after each, (B, T, V).

        One at a time, since TensorFlow would recompile the scans for every T.
        """
        return np.stack([self.step(column) for column in ids.T], axis=1)
