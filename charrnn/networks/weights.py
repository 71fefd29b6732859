"""A Keras model's weights by their path in a checkpoint."""

from typing import Any

from charrnn.checkpoint import Weights
from charrnn.classifiers import ClassifierConfig, WordModelConfig
from charrnn.config import NetworkConfig


def get_weights(model: Any, config: NetworkConfig | ClassifierConfig | WordModelConfig) -> Weights:
    """The model's weights by their path in a checkpoint."""
    return dict(zip(config.weight_shapes(), model.get_weights(), strict=True))
