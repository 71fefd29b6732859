"""The Python interface: a trained network that writes and scores text."""

import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from charrnn.checkpoint import SUFFIX, Checkpoint, read
from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CheckpointError, UsageError
from charrnn.runs import Run
from charrnn.sampling import score
from charrnn.sampling.choose import Choice
from charrnn.sampling.generate import characters, generate, prompt_ids, sources
from charrnn.sampling.network import NumpyStepper


class LanguageModel:
    """A trained character network.

    Attributes:
        checkpoint: its configuration, vocabulary, weights and where they come from.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters that the network knows."""
        return self.checkpoint.vocabulary

    def generate(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
    ) -> str:
        """The `length` characters that follow `prompt`, as one string; arguments as in `stream`."""
        return "".join(self.stream(prompt, length, temperature, top_k, top_p, seed))

    def stream(
        self,
        prompt: str = "",
        length: int = 1000,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int | None = None,
    ) -> Iterator[str]:
        """The characters that follow `prompt`, one by one; the prompt itself is not repeated.

        Args:
            prompt: what the network reads first; empty for a line end.
            length: how many characters.
            temperature: 0 always takes the likeliest character.
            top_k: draw among the k likeliest characters only; 0 for all.
            top_p: draw among the likeliest that together have this probability; 1 for all.
            seed: the same seed gives the same text; None for a new one each time.

        Raises:
            UsageError: a value outside its range.
            VocabularyError: the prompt has characters that the network does not know.
            CheckpointError: the network predicts no numbers, seen when a character is drawn.
        """
        choice = Choice(temperature, top_k, top_p)
        if length < 0:
            raise UsageError(f"the length must be 0 or above, not {length}")
        ids = prompt_ids(self.vocabulary, prompt)
        randoms = sources(secrets.randbits(32) if seed is None else seed, 1)
        endless = generate(NumpyStepper(self.checkpoint), ids, choice, randoms)
        return (new for (new,) in characters(endless, self.vocabulary, length))

    def score(self, text: str, crop_length: int | None = None) -> float:
        """How well the network predicts `text`: the mean loss of its characters after the first.

        Args:
            text: what is predicted, each character but the first once.
            crop_length: how many characters to predict before the state is set to zero again;
                None for one stream, whose state is never reset.

        Returns:
            nats per character; exp of it is the perplexity.

        Raises:
            UsageError: the text has fewer than two characters, or a crop less than one.
            VocabularyError: the text has characters that the network does not know.
            CheckpointError: the network predicts no numbers.
        """
        ids = self.vocabulary.encode(text)
        if crop_length is None:
            return score.stream(NumpyStepper(self.checkpoint), ids).loss
        return score.crops(partial(NumpyStepper, self.checkpoint), ids, crop_length).loss


def load(path: str | Path) -> LanguageModel:
    """Load a run's best epoch, or one checkpoint file.

    Args:
        path: a run's folder, such as `checkpoints/shakespeare-lstm`, or a `.weights.h5` file.

    Raises:
        CheckpointError: there is nothing at `path`, or what is there can't be used.
        RunError: the run has no checkpoint yet.
    """
    path = Path(path)
    if path.is_dir():
        return LanguageModel(read(Run(path).checkpoint_file()))
    if not path.exists():
        raise CheckpointError(f"nothing at {path}: give a run's folder or a file ending {SUFFIX}")
    return LanguageModel(read(path))
