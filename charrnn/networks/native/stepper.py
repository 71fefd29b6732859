"""Sampling many texts side by side in native loops.

Shapes: B texts, T time, H units, G gates, S states, V vocabulary.
"""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.data.vocabulary import Ids
from charrnn.networks.native.cells import CELLS
from charrnn.networks.native.loops import loop_forward
from charrnn.networks.native.scan import pack_panels, share_work
from charrnn.networks.native.tile import HAS_PAIRS, ROWS
from charrnn.runs.checkpoint import Checkpoint

_ignore_overflow = np.errstate(over="ignore", invalid="ignore")  # NaN is reported by who reads it


class NativeStepper:
    """A checkpoint's network, for a batch of `batch_size` texts.

    The factors of recurrent products are rounded to bfloat16 if the processor multiplies them, so a
    seed's text is not the one that NumPy writes.

    Args:
        checkpoint: the network.
        batch_size: B, how many texts are read side by side.
    """

    @_ignore_overflow
    def __init__(self, checkpoint: Checkpoint, batch_size: int = 1) -> None:
        weights, config = checkpoint.weights, checkpoint.network
        paths = [f"{config.layer_path(layer)}/cell/vars" for layer in range(config.layers)]
        self._layers = [
            _Layer(config.cell, [weights[f"{path}/{place}"] for place in range(3)], batch_size)
            for path in paths
        ]
        self._table = weights["layers/embedding/vars/0"] @ self._layers[0].kernel  # (V, G*H)
        self._dense = weights["layers/dense/vars/0"]
        self._dense_bias = weights["layers/dense/vars/1"]

    def reset(self) -> None:
        """Set the carried state to zero."""
        for layer in self._layers:
            layer.states[:] = 0

    def step(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read one character of each text, (B,), and return the next one's logits, (B, V)."""
        return self.read(ids[:, None])[:, 0]

    @_ignore_overflow
    def read(self, ids: Ids) -> npt.NDArray[np.float32]:
        """Read T characters of each text, (B, T), and return the logits after each, (B, T, V)."""
        own = np.arange(ids.size, dtype=np.int32).reshape(ids.shape)
        outputs = self._layers[0].read(self._table, ids.astype(np.int32))
        for layer in self._layers[1:]:
            outputs = layer.read(outputs @ layer.kernel, own)
        logits: npt.NDArray[np.float32] = outputs @ self._dense + self._dense_bias
        return logits.reshape(*ids.shape, -1)


class _Layer:
    """A recurrent layer and its carried states, (B, S, H)."""

    def __init__(self, cell: str, weights: list[Any], batch_size: int) -> None:
        self.kernel, recurrent, bias = weights
        units = len(recurrent)
        self._cell = CELLS[cell]
        self._panels = pack_panels(recurrent, pairs=HAS_PAIRS and units % 2 == 0)
        self._bias = np.atleast_2d(bias)
        self.states = np.zeros((batch_size, self._cell.states, units), np.float32)

    def read(self, inputs: Any, ids: Any) -> Any:
        """Read rows ids (B, T) of projected inputs (R, G*H) to outputs, (B*T, H)."""
        units = self.states.shape[2]
        outputs, second = (np.empty((*ids.shape, units), np.float32) for _ in range(2))
        saved = np.empty((*ids.shape, self._cell.saved * units), np.float32)
        arguments = (self._panels, ids, np.empty((0, 0), bool), self.states, outputs, second, saved)
        loop = partial(loop_forward, self._cell.number, *arguments, inputs, self._bias)
        share_work(len(ids), ROWS, loop)
        for place, sequence in enumerate((outputs, second)[: self._cell.states]):
            self.states[:, place] = sequence[:, -1]
        return outputs.reshape(-1, units)
