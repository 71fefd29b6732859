"""A reporter that records what planning reports."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from charrnn.data.download import Progress


@dataclass
class RecordingReporter:
    """Keeps notes, details, and the names of what may be downloaded."""

    notes: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)

    def detail(self, message: str) -> None:
        self.details.append(message)

    @contextlib.contextmanager
    def download(self, name: str) -> Iterator[Progress]:
        self.downloads.append(name)
        yield lambda _have, _size: None
