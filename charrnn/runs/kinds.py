"""The kinds of run, in one table, and where runs are kept."""

from dataclasses import dataclass
from pathlib import Path

CHECKPOINTS = Path("checkpoints")
"""Where runs are kept unless another folder is named."""


@dataclass(frozen=True)
class Kind:
    """What is true of every run of a kind.

    Attributes:
        name: what its network is called.
        subfolder: where its runs are kept within the checkpoints folder; empty for its top.
        title: the first line of its checkpoint files.
        command: the command that trains one.
        use: the command that its network is for.
    """

    name: str
    subfolder: str
    title: str
    command: str
    use: str


LANGUAGE = Kind("language model", "", "charrnn checkpoint", "charrnn train", "charrnn sample")
CLASSIFIER = Kind(
    "classifier",
    "classify",
    "charrnn classifier",
    "charrnn classify imdb",
    "charrnn classify predict",
)
WORD_MODEL = Kind(
    "word model",
    "pretrained",
    "charrnn word model",
    "charrnn classify pretrain",
    "charrnn classify imdb",
)

KINDS = (LANGUAGE, CLASSIFIER, WORD_MODEL)
