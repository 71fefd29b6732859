"""Checkpoint to text, with NumPy alone."""
