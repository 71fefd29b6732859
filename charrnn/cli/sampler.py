"""What a network writes after each of its epochs, for `--sample-every`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charrnn.runs.run import Run

SAMPLE_LENGTH = 200
"""Characters of such a text."""


def make_sampler(run: "Run", every: int | None, prompt: str) -> Callable[[int], str | None]:
    """What an epoch's network writes, whenever a sample is due."""

    def sample(epoch: int) -> str | None:
        if not every or epoch % every:
            return None
        from charrnn.inference.language_model import load_model

        model = load_model(run.epoch_file(epoch))
        return prompt + model.generate(prompt, SAMPLE_LENGTH, temperature=0.8, seed=epoch)

    return sample
