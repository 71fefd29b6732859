"""What the gates of one unit let through, from the weights and what the unit reads.

The equations are those of `charrnn.inference.cells`, of one column of each gate's kernels, for all
characters at once: the outputs that the recurrent kernel multiplies are known by now.
"""

import numpy as np

from charrnn.config.fields import GATES
from charrnn.inference.cells import Array
from charrnn.inference.finite import ignore_overflow
from charrnn.runs.checkpoint import Checkpoint

_NAMES = {
    "rnn": (),
    "lstm": ("input gate", "forget gate", "candidate", "output gate"),
    "gru": ("update gate", "reset gate", "candidate"),
}
"""Cell name to its gates in Keras's order."""

CANDIDATE = "candidate"
"""What stands among the gates but lies in [-1, 1]: the values that they let in."""


@ignore_overflow
def compute_gates(
    checkpoint: Checkpoint, layer: int, unit: int, inputs: Array, outputs: Array
) -> dict[str, Array]:
    """Compute the gates of one unit after each character.

    Args:
        checkpoint: the network.
        layer: which layer, from 0.
        unit: which of its units, from 0.
        inputs: what the layer reads at each character, shape (N, inputs).
        outputs: of the layer after each character, shape (N, H), read from a state of zero.

    Returns:
        Gate to values, each of shape (N,).
    """
    config, names = checkpoint.network, _NAMES[checkpoint.network.cell]
    if not names:
        return {}
    path = f"{config.layer_path(layer)}/cell/vars"
    columns = np.arange(GATES[config.cell]) * config.units + unit
    kernel, recurrent, bias = (
        checkpoint.weights[f"{path}/{place}"][..., columns] for place in range(3)
    )
    before = np.concatenate([np.zeros_like(outputs[:1]), outputs[:-1]])  # (N, H)
    if config.cell == "gru":
        projected, product = inputs @ kernel + bias[0], before @ recurrent + bias[1]
        update, reset = _apply_sigmoid(projected[:, :2] + product[:, :2]).T
        values = [update, reset, np.tanh(projected[:, 2] + reset * product[:, 2])]
    else:
        z = inputs @ kernel + before @ recurrent + bias
        values = [
            np.tanh(column) if name == CANDIDATE else _apply_sigmoid(column)
            for name, column in zip(names, z.T, strict=True)
        ]
    return dict(zip(names, values, strict=True))


def _apply_sigmoid(z: Array) -> Array:
    result: Array = (np.tanh(z * np.float32(0.5)) + np.float32(1)) * np.float32(0.5)
    return result
