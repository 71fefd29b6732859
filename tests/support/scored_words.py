"""A classifier that can be checked by hand: its logit is the mean of its words' scores."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from charrnn.config.reviews import RESERVED, ClassifierConfig
from charrnn.data.encoders import Encoder
from charrnn.data.words import Words
from charrnn.runs.checkpoint import Classifier, Provenance, write_checkpoint
from charrnn.runs.kinds import CLASSIFIER
from charrnn.runs.run import Run

SCORES = {"the": 0.0, "film": 0.25, "good": 2.0, "great": 3.0, "bad": -3.0, "水": -1.5}
"""The words from the most frequent on, and what each adds to the sum."""

BIAS = 0.5


def write_classifier(
    name: str = "tiny",
    epoch: int = 1,
    scores: Mapping[str, float] = SCORES,
    bias: float = BIAS,
    encoder: Encoder | None = None,
) -> Path:
    """Write an epoch of such a network into ./checkpoints; its path.

    Its logit is a bias and the mean of the scores of the words and of a start; a start and an
    unknown word score 0.

    Args:
        name: the run's.
        epoch: which epoch.
        scores: of each word, from the most frequent on.
        bias: the logit of an empty review.
        encoder: another vocabulary, whose tokens all score 0.
    """
    vocabulary = encoder or Words(list(scores))
    config = ClassifierConfig(
        tokens="words" if isinstance(vocabulary, Words) else "subwords",
        vocabulary_size=len(vocabulary),
        embedding=1,
        cell="average",
        units=(),
        mask=True,
        max_length=0,
    )
    embedding = np.zeros((len(vocabulary), 1), np.float32)
    if encoder is None:
        embedding[RESERVED:, 0] = list(scores.values())
    weights = {
        "layers/embedding/vars/0": embedding,
        "layers/dense/vars/0": np.ones((1, 1), np.float32),
        "layers/dense/vars/1": np.array([bias], np.float32),
    }
    assert {name: values.shape for name, values in weights.items()} == config.weight_shapes()
    run = Run(Path("checkpoints") / CLASSIFIER.subfolder / name, CLASSIFIER)
    run.folder.mkdir(parents=True, exist_ok=True)
    source = Provenance("reviews", "0" * 64, epoch, 0.5, 0.4)
    write_checkpoint(run.epoch_file(epoch), Classifier(config, vocabulary, source, weights))
    return run.epoch_file(epoch)


def compute_probability(words: str) -> float:
    """The probability of positive by the network's formula, for words between single spaces."""
    scores = [0.0, *(SCORES.get(word, 0.0) for word in words.split())]  # a start comes first
    return 1 / (1 + math.exp(-BIAS - sum(scores) / len(scores)))
