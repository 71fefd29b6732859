"""Dynamic evaluation: a network that goes on learning while it reads.

Krause, Kahembwe, Murray and Renals 2018, "Dynamic Evaluation of Neural Sequence Models"
(arXiv:1709.07432). A text is read in pieces. After each, every weight w takes a step against the
piece's gradient g, divided by the root mean square r of its gradients on the training text, and is
pulled back to the value w0 that it started from:

    w <- w - rate g / (r + e) + min(1, pull r / mean(r)) (w0 - w)

Shapes: N characters of a text, T of a piece.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from charrnn.config.fields import require
from charrnn.config.language import Adaptation
from charrnn.data.vocabulary import Ids
from charrnn.inference.backward import Array
from charrnn.inference.finite import check_finite
from charrnn.inference.learning import LearningNetwork
from charrnn.inference.score import OnProgress, Score, average, check_length, compute_cross_entropy
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.roots import Roots

_LEAST = 0.01  # e, in mean(r)


class Learner:
    """Steps a network's weights after each piece that it read.

    Args:
        network: the network.
        roots: of its gradients.
        adaptation: how it learns.
    """

    def __init__(self, network: LearningNetwork, roots: Roots, adaptation: Adaptation) -> None:
        self._network = network
        mean = float(np.concatenate([values.ravel() for values in roots.values()]).mean())
        least = np.float32(_LEAST * mean or 1)
        rate = np.float32(-adaptation.rate)
        self._steps = {name: rate / (values + least) for name, values in roots.items()}
        self._pulls: Roots = {}
        if adaptation.pull:
            share = np.float32(adaptation.pull / (mean or 1))
            self._pulls = {name: np.minimum(share * root, 1) for name, root in roots.items()}
            self._start = {name: values.copy() for name, values in network.weights.items()}

    def learn(self, targets: Ids) -> None:
        """Take a step on the piece that the network has just read, whose targets are (T,)."""
        for name, gradient in self._network.compute_gradients(targets).items():
            values = self._network.weights[name]
            step = np.multiply(gradient, self._steps[name], out=gradient)
            if self._pulls:
                step += self._pulls[name] * (self._start[name] - values)
            values += step


def score_adaptively(
    checkpoint: Checkpoint,
    ids: Ids,
    roots: Roots,
    adaptation: Adaptation,
    progress: OnProgress = lambda _: None,
) -> Score:
    """Score a text in one stream whose pieces are learnt from, each after it was scored.

    Args:
        checkpoint: the network that reading begins with; it is not changed.
        ids: the text, shape (N,).
        roots: of the network's gradients.
        adaptation: how it learns.
        progress: called after each piece with the number of characters predicted in it.

    Raises:
        UsageError: the text has fewer than two characters.
        CheckpointError: the network produced NaN or infinity.
    """
    check_length(ids)
    losses = _read_and_learn(LearningNetwork(checkpoint), ids, roots, adaptation, progress)
    return average(losses, len(ids) - 1)


def adapt(
    checkpoint: Checkpoint,
    ids: Ids,
    roots: Roots,
    adaptation: Adaptation,
    passes: int = 1,
    progress: OnProgress = lambda _: None,
) -> Checkpoint:
    """Make another network, which has learnt from a text what `score_adaptively` would.

    Args:
        checkpoint: the network to begin with; it is not changed.
        ids: the text, shape (N,).
        roots: of the network's gradients.
        adaptation: how it learns.
        passes: how often it reads the text.
        progress: called after each piece with the number of characters read in it.

    Raises:
        UsageError: the text has fewer than two characters, or there are no passes.
        CheckpointError: the network produced NaN or infinity.
    """
    check_length(ids)
    require(passes >= 1, f"`passes` must be at least 1, not {passes}")
    network = LearningNetwork(checkpoint)
    for _ in range(passes):
        network.reset()
        for _ in _read_and_learn(network, ids, roots, adaptation, progress):
            pass
    return replace(checkpoint, weights=network.weights)


def measure_roots(
    checkpoint: Checkpoint, ids: Ids, piece: int, progress: OnProgress = lambda _: None
) -> dict[str, Array]:
    """Measure the root mean square of each weight's gradient over the pieces of a text.

    Args:
        checkpoint: the network, which reads from a state of zero and does not learn.
        ids: the text, shape (N,).
        piece: characters of a piece.
        progress: called after each piece with the number of characters predicted in it.

    Raises:
        UsageError: the text has fewer than two characters.
    """
    check_length(ids)
    network = LearningNetwork(checkpoint)
    squares = {name: np.zeros_like(values) for name, values in network.weights.items()}
    pieces = 0
    for inputs, targets in _cut_pieces(ids, piece):
        network.read(inputs)
        for name, gradient in network.compute_gradients(targets).items():
            squares[name] += np.multiply(gradient, gradient, out=gradient)
        pieces += 1
        progress(len(inputs))
    return {name: np.sqrt(total / np.float32(pieces)) for name, total in squares.items()}


def _read_and_learn(
    network: LearningNetwork,
    ids: Ids,
    roots: Roots,
    adaptation: Adaptation,
    progress: OnProgress,
) -> Iterator[float]:
    """Yield the loss of each character but the first, in nats, before it is learnt from."""
    learner = Learner(network, roots, adaptation)
    for inputs, targets in _cut_pieces(ids, adaptation.piece):
        logits = check_finite(network.read(inputs))
        yield from compute_cross_entropy(logits, targets).tolist()
        if adaptation.rate:
            learner.learn(targets)
        progress(len(inputs))


def _cut_pieces(ids: Ids, piece: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield a text's inputs and targets, each (T,); the last piece may be shorter."""
    for first in range(0, len(ids) - 1, piece):
        end = min(first + piece, len(ids) - 1)
        yield ids[first:end], ids[first + 1 : end + 1]
