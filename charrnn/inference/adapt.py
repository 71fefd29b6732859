"""Dynamic evaluation: a network that keeps learning while it reads.

Krause, Kahembwe, Murray and Renals 2018, "Dynamic Evaluation of Neural Sequence Models"
(arXiv:1709.07432). A text is read in pieces. After each, every weight w takes a step against the
piece's gradient g, divided by the root mean square r of its gradients on the training text, and is
pulled back to the value w0 that it started from:

    w <- w - rate g / (r + e) + min(1, pull r / mean(r)) (w0 - w)

Here e is a tenth of the mean r of all weights in the same array, not a constant as in the paper: a
character that the measured text lacks has r = 0, and must not take huge steps.

Shapes: N ids of a text, T of a piece: characters or, of a network of bytes, bytes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from charrnn.config.language import MOST_PASSES, Adaptation
from charrnn.data.vocabulary import Ids
from charrnn.inference.arguments import require_range
from charrnn.inference.backward import Array
from charrnn.inference.cores import use_one_core
from charrnn.inference.finite import check_finite
from charrnn.inference.learning import LearningNetwork
from charrnn.inference.score import (
    OnProgress,
    Score,
    average,
    check_length,
    compute_cross_entropy,
    skip_first,
)
from charrnn.runs.checkpoint import Checkpoint
from charrnn.runs.gradient_rms import GradientRms

_LEAST = 0.1
_FIRST = 20  # pieces that are only measured if nothing is known of the gradients


class Learner:
    """Steps a network's weights after each piece that it read.

    Args:
        checkpoint: the network that learning begins with, and that weights are pulled back to.
        rms: of its gradients on its training text; None to measure them while it reads, on all
            pieces so far.
        adaptation: how it learns.

    Attributes:
        network: the network.
    """

    def __init__(
        self, checkpoint: Checkpoint, rms: GradientRms | None, adaptation: Adaptation
    ) -> None:
        self.network = LearningNetwork(checkpoint)
        self._start, self._adaptation = checkpoint.weights, adaptation
        self._measured = None if rms else _Squares(self.network)
        if rms:
            self._scale(rms)

    def learn(self, targets: Ids) -> None:
        """Take a step on the piece that the network has just read, whose targets are (T,)."""
        gradients = self.network.compute_gradients(targets)
        if self._measured:
            self._measured.add(gradients)
            if self._measured.pieces < _FIRST:
                return
            self._scale(self._measured.find_rms())
        weights = self.network.weights
        for name, gradient in gradients.items():
            step = np.multiply(gradient, self._steps[name], out=gradient)
            if self._pulls:
                step += self._pulls[name] * (self._start[name] - weights[name])
            weights[name] += step

    def _scale(self, rms: GradientRms) -> None:
        rate, pull = np.float32(-self._adaptation.rate), self._adaptation.pull
        self._steps = {name: rate / (r + (_LEAST * r.mean() or 1)) for name, r in rms.items()}
        mean = float(np.concatenate([r.ravel() for r in rms.values()]).mean()) or 1
        share = np.float32(pull / mean)
        self._pulls = {name: np.minimum(share * r, 1) for name, r in rms.items()} if pull else {}


def score_adaptively(
    checkpoint: Checkpoint,
    ids: Ids,
    rms: GradientRms | None,
    adaptation: Adaptation,
    progress: OnProgress = lambda _: None,
) -> Score:
    """Score a text in one stream whose pieces are learnt from, each after it was scored.

    Args:
        checkpoint: the network that reading begins with; it is not changed.
        ids: the text, shape (N,).
        rms: as in `Learner`.
        adaptation: how it learns.
        progress: called after each piece with how many ids were predicted in it.

    Raises:
        UsageError: the text has fewer than two characters.
        CheckpointError: the network produced NaN or infinity.
    """
    vocabulary = checkpoint.vocabulary
    check_length(vocabulary.count_characters(ids))
    starts = vocabulary.find_starts(ids)
    learner = Learner(checkpoint, rms, adaptation)
    with use_one_core():
        losses = _read_and_learn(learner, ids, adaptation, progress)
        return average(skip_first(losses, starts), len(ids), starts)


def adapt(
    checkpoint: Checkpoint,
    ids: Ids,
    rms: GradientRms | None,
    adaptation: Adaptation,
    passes: int = 1,
    progress: OnProgress = lambda _: None,
) -> Checkpoint:
    """Make another network, which has learnt from a text as in `score_adaptively`.

    Args:
        checkpoint: the network to begin with; it is not changed.
        ids: the text, shape (N,).
        rms: as in `Learner`.
        adaptation: how it learns.
        passes: how often it reads the text.
        progress: called after each piece with how many ids were read in it.

    Raises:
        UsageError: the text has fewer than two characters, or too few or too many passes.
        CheckpointError: the network produced NaN or infinity.
    """
    check_length(checkpoint.vocabulary.count_characters(ids))
    require_range("passes", passes, 1, MOST_PASSES)
    learner = Learner(checkpoint, rms, adaptation)
    with use_one_core():
        for _ in range(passes):
            learner.network.reset()
            for _ in _read_and_learn(learner, ids, adaptation, progress):
                pass
    return replace(checkpoint, weights=learner.network.weights)


def measure_rms(checkpoint: Checkpoint, texts: Iterable[Ids], piece: int) -> GradientRms:
    """Measure the root mean square of each weight's gradient over the pieces of some texts.

    Args:
        checkpoint: the network, which reads each text from a state of zero and does not learn.
        texts: each of shape (N,).
        piece: characters of a piece.

    Raises:
        UsageError: a text has fewer than two characters.
        CheckpointError: the network produced NaN or infinity.
    """
    network = LearningNetwork(checkpoint)
    squares = _Squares(network)
    with use_one_core():
        for ids in texts:
            check_length(checkpoint.vocabulary.count_characters(ids))
            network.reset()
            for inputs, targets in _cut_pieces(ids, piece):
                check_finite(network.read(inputs))
                squares.add(network.compute_gradients(targets))
    return squares.find_rms()


class _Squares:
    """The sums of a network's squared gradients over a number of pieces."""

    def __init__(self, network: LearningNetwork) -> None:
        self._sums = {name: np.zeros_like(values) for name, values in network.weights.items()}
        self.pieces = 0

    def add(self, gradients: dict[str, Array]) -> None:
        for name, gradient in gradients.items():
            self._sums[name] += gradient * gradient
        self.pieces += 1

    def find_rms(self) -> GradientRms:
        return {name: np.sqrt(sums / np.float32(self.pieces)) for name, sums in self._sums.items()}


def _read_and_learn(
    learner: Learner, ids: Ids, adaptation: Adaptation, progress: OnProgress
) -> Iterator[float]:
    """Yield the loss of each id but the first, in nats, before it is learnt from."""
    for inputs, targets in _cut_pieces(ids, adaptation.piece):
        logits = check_finite(learner.network.read(inputs))
        yield from compute_cross_entropy(logits, targets).tolist()
        if adaptation.rate:
            learner.learn(targets)
        progress(len(inputs))


def _cut_pieces(ids: Ids, piece: int) -> Iterator[tuple[Ids, Ids]]:
    """Yield a text's inputs and targets, each (T,); the last piece may be shorter."""
    for first in range(0, len(ids) - 1, piece):
        end = min(first + piece, len(ids) - 1)
        whole = ids[first : end + 1].astype(np.int32)
        yield whole[:-1], whole[1:]
