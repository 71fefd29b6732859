"""Which runs there are."""

from charrnn.api.arguments import PathLike, choose_folders
from charrnn.runs.summary import RunSummary, summarize_runs


def list_runs(checkpoints: PathLike | None = None) -> list[RunSummary]:
    """List the runs of every kind, the one written to last first. Needs NumPy, not TensorFlow.

    This is the table of `charrnn runs`. A run that is damaged, or another program's, is in it too,
    with the reason as its `problem`.

    Args:
        checkpoints: where runs are kept, as in `train`.

    Example:
        >>> for run in charrnn.list_runs():
        ...     print(run.name, run.kind, run.network, run.best_loss)
    """
    return summarize_runs(choose_folders(checkpoints, None).checkpoints)
