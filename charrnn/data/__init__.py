"""Files to integers: corpora, their vocabulary, and the windows a network reads. No TensorFlow."""
