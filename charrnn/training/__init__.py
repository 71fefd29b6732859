"""Batches and a network to checkpoints, by Keras's `model.fit`."""

import charrnn.networks  # noqa: F401 - starts TensorFlow quietly, whichever module comes first
