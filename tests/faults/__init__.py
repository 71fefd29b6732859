"""Runs whose process, disk or clock fails, and which are resumed."""
