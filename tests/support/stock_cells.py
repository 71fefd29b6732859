"""Keras's own recurrent cells with the weights of a network of ours, a step at a time."""

from typing import Any

import numpy as np

from charrnn.runs.checkpoint import Checkpoint


def read_weights(checkpoint: Checkpoint, layer: int) -> list[Any]:
    """Copies of a layer's kernel, recurrent kernel and bias."""
    path = f"{checkpoint.network.layer_path(layer)}/cell/vars"
    return [checkpoint.weights[f"{path}/{place}"].copy() for place in range(3)]


def make_cell(kind: str, kernel: Any, recurrent: Any, bias: Any) -> Any:
    """A cell of Keras's with these weights."""
    import charrnn.networks  # noqa: F401, I001 - starts TensorFlow quietly
    from keras import layers

    kinds = {"rnn": layers.SimpleRNNCell, "lstm": layers.LSTMCell, "gru": layers.GRUCell}
    cell = kinds[kind](len(recurrent))
    cell.build((None, len(kernel)))
    cell.set_weights([kernel, recurrent, bias])
    return cell


def make_cells(checkpoint: Checkpoint) -> list[Any]:
    """A cell for each layer of a network."""
    config = checkpoint.network
    return [
        make_cell(config.cell, *read_weights(checkpoint, layer)) for layer in range(config.layers)
    ]


def make_states(checkpoint: Checkpoint, rows: int) -> list[Any]:
    """A cell's states of zero, each (B, H)."""
    zero = np.zeros((rows, checkpoint.network.units), np.float32)
    return [zero] * (2 if checkpoint.network.cell == "lstm" else 1)


def step(cell: Any, inputs: Any, *states: Any) -> list[Any]:
    """A cell's new states, each (B, H), the output first."""
    _, after = cell(inputs, [*states])
    return [np.array(state) for state in (after if isinstance(after, (list, tuple)) else [after])]
