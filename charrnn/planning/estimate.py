"""What a new run would take: time on this machine, and room on its disk."""

from dataclasses import dataclass

from charrnn.config.language import NetworkConfig
from charrnn.planning.language import Proposal
from charrnn.runs.keep import ALL, BEST, LAST
from charrnn.runs.recipe import Progress

_BYTES = 4  # of a number
_COPIES = 3  # of the weights in a resume file: themselves, and Adam's two means
_BLOCK = 13_000  # bytes of a file beside its numbers, about


@dataclass(frozen=True)
class Estimate:
    """What a run would take.

    Attributes:
        start: seconds until its first steps are compiled.
        epoch: seconds of an epoch.
        epochs: how many there are.
        checkpoints: how many of them stay in the end.
        checkpoint: bytes of one.
        resume: bytes of the resume file.
    """

    start: float
    epoch: float
    epochs: int
    checkpoints: int
    checkpoint: int
    resume: int

    @property
    def seconds(self) -> float:
        """What it takes in all, if it does not stop early."""
        return self.start + self.epochs * self.epoch

    @property
    def size(self) -> int:
        """How many bytes it leaves on disk."""
        return self.checkpoints * self.checkpoint + self.resume


def estimate_run(proposal: Proposal) -> Estimate:
    """Take a few steps with a network that is thrown away; nothing is written.

    Raises:
        TrainingError: the network is larger than the memory.
    """
    from charrnn.training.budget import measure_cost

    recipe = proposal.recipe
    cost = measure_cost(Progress(recipe, []), proposal.ids, None)
    epochs = recipe.training.epochs
    return Estimate(
        cost.start,
        cost.epoch,
        epochs,
        count_kept(epochs, proposal.saving.keep or ALL),
        *measure_files(recipe.network, recipe.training.batch_size),
    )


def count_kept(epochs: int, keep: str) -> int:
    """How many checkpoints stay in the end, at most."""
    if keep == ALL:
        return epochs
    most = {LAST: 1, BEST: 2}.get(keep) or int(keep) + 1
    return min(epochs, most)


def measure_files(network: NetworkConfig, batch_size: int) -> tuple[int, int]:
    """About how many bytes a checkpoint has, and a resume file."""
    weights = _BYTES * network.parameters
    states = _BYTES * batch_size * network.units * network.layers
    if network.cell == "lstm":
        states *= 2
    return weights + _BLOCK, _COPIES * weights + states + _BLOCK
