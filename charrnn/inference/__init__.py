"""The NumPy engine: checkpoint to text, losses and verdicts. No TensorFlow."""
