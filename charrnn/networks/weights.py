"""A Keras model's weights by their path in a checkpoint."""

from typing import Any

from charrnn.config.language import NetworkConfig
from charrnn.config.reviews import ClassifierConfig, WordModelConfig
from charrnn.runs.checkpoint import Weights


def get_weights(model: Any, config: NetworkConfig | ClassifierConfig | WordModelConfig) -> Weights:
    """Get the model's weights by their path in a checkpoint."""
    return dict(zip(config.weight_shapes(), model.get_weights(), strict=True))
