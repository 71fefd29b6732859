"""What lies on disk between training and use: runs, checkpoints, history. No TensorFlow."""
