"""Batches and a network to checkpoints: one loop for every kind of network."""

import charrnn.networks  # noqa: F401 - starts TensorFlow quietly, whichever module comes first
