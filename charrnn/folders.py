"""The folders that are used when no other is named."""

from pathlib import Path

CHECKPOINTS = Path("checkpoints")
"""Where runs are kept, a folder each."""

DATA = Path("data")
"""Where downloads are kept."""
