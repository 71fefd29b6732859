"""A run's resume file as it was read: once, from the plan of a resume to what it restores."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy.typing as npt

from charrnn.data.files import take_fingerprint
from charrnn.errors import CheckpointError, RunError
from charrnn.runs import container
from charrnn.runs.run import Run

TITLE = "charrnn resume file"
FORMAT = 2
VARIABLES = "variables"


class Saved:
    """What a run's resume file holds, until its variables are taken.

    Attributes:
        run: the run.

    Raises:
        RunError: there is no such file, or it is damaged or of another format.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._contents: container.Contents | None = None
        with explain_damage(run):
            self._contents = container.read(run.resume_file, TITLE, FORMAT)

    @property
    def content(self) -> Any:
        """What JSON can hold."""
        return self._get_contents().content

    def is_current(self) -> bool:
        """Whether the run has this very file still, as it was, and nothing was taken."""
        if self._contents is None:
            return False
        try:
            return take_fingerprint(self.run.resume_file.stat()) == self._contents.fingerprint
        except FileNotFoundError:
            return False

    def check_size(self, parameters: int) -> None:
        """Raise if a network of so many parameters can't be in it, before that is built.

        Raises:
            RunError: the file is smaller than that.
        """
        if 4 * parameters > self._get_contents().size:
            problem = f"{self.run.resume_file} is smaller than the network that it describes"
            raise _make_error(self.run, problem)

    def take_variables(self) -> list[npt.NDArray[Any]]:
        """What the run's model and optimizer held, in their order; the content is forgotten.

        Raises:
            RunError: it is damaged.
        """
        arrays, self._contents = self._get_contents().arrays, None
        with explain_damage(self.run):
            return [arrays[f"{VARIABLES}/{place}"] for place in range(len(arrays))]

    def _get_contents(self) -> container.Contents:
        if self._contents is None:
            raise LookupError("the content of the resume file was taken")
        return self._contents


@contextlib.contextmanager
def explain_damage(run: Run) -> Iterator[None]:
    """Turn what goes wrong with a run's resume file, or its content, into a `RunError`."""
    try:
        with container.name_damage(run.resume_file):
            yield
    except CheckpointError as error:
        raise _make_error(run, str(error)) from error


def _make_error(run: Run, problem: str) -> RunError:
    return RunError(f"{run.name} can't be resumed, only used: {problem}")
