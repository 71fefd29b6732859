"""Batches and a network to checkpoints, by Keras's `model.fit`."""
