"""The learning curves in a run's folder."""

from charrnn.cli.terminal import Terminal
from charrnn.errors import RunError
from charrnn.pictures import learning_curves
from charrnn.runs import Run


def draw_curves(run: Run, terminal: Terminal) -> None:
    """Draw the epochs so far, if there are any; a picture that can't be written is only noted."""
    path = run.folder / "curves.png"
    try:
        results = run.history()
        if results:
            learning_curves(path, results, run.name)
    except RunError as error:
        terminal.note(f"no curves: {error}")
    except OSError as error:
        terminal.note(f"can't write {path}: {error.strerror}")
