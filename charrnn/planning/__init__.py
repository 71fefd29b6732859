"""What was asked, a preset and data to a plan; knows nothing of a command line."""
