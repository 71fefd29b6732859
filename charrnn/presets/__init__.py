"""What --preset names: networks and trainings as rows of data, read without TensorFlow."""
