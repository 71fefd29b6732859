"""How planning says what it is doing."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from charrnn.data.download import Progress


class Reporter(Protocol):
    """Called while a plan is made: by a command line it shows in a terminal, or nothing at all."""

    def note(self, message: str) -> None:
        """Report what most users want to know."""

    def detail(self, message: str) -> None:
        """Report what few users want to know."""

    def download(self, name: str) -> AbstractContextManager[Progress]:
        """Show the download of a file, if it happens; yields what to call as bytes come in."""


class Silence:
    """A reporter that says nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""

    def detail(self, message: str) -> None:
        """Say nothing."""

    @contextlib.contextmanager
    def download(self, name: str) -> Iterator[Progress]:  # noqa: ARG002
        """Show nothing."""
        yield lambda _have, _size: None
