"""The learning curves in a run's folder."""

import contextlib
from collections.abc import Iterator

from charrnn.cli.terminal import Terminal
from charrnn.errors import RunError
from charrnn.pictures import learning_curves
from charrnn.runs import Run


@contextlib.contextmanager
def drawn_curves(run: Run, terminal: Terminal) -> Iterator[None]:
    """Draw the epochs so far when a training ends, in whichever way.

    One that may not train in the run's folder draws nothing there.
    """
    try:
        yield
    except RunError:
        raise
    except BaseException:
        _draw(run, terminal)
        raise
    _draw(run, terminal)


def _draw(run: Run, terminal: Terminal) -> None:
    """Draw what there is; a picture that can't be written is only noted."""
    path = run.folder / "curves.png"
    try:
        results = run.history()
        if results:
            learning_curves(path, results, run.name)
    except RunError as error:
        terminal.note(f"no curves: {error}")
    except OSError as error:
        terminal.note(f"can't write {path}: {error.strerror}")
