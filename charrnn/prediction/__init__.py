"""Review classifiers in use: checkpoint to probabilities and words' effects, with NumPy alone."""
