"""A checkpoint to forms that are given away; no TensorFlow."""
