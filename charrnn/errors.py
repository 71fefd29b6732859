"""The errors a user can meet.

Each message is one line that says what is wrong and what to do. A setting stands in it by its
keyword between backquotes, `batch_size`, which a command line shows as its flag. What a command
line would advise depends on facts that some errors carry.
"""


def say_count(number: int, noun: str) -> str:
    """How many there are, in a message: 1 character, 2,000 characters, 2 entries, 3 dashes."""
    ending = "es" if noun.endswith("sh") else "s"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else noun + ending
    return f"{number:,} {noun if number == 1 else plural}"


class CharrnnError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code = 1


class UsageError(CharrnnError):
    """Settings that contradict each other or lie outside their range."""

    exit_code = 2


class CorpusError(CharrnnError):
    """A text that cannot be found, read or used."""


class CorpusTooShortError(CorpusError):
    """A text with fewer characters than one batch needs."""


class NoRoomError(CharrnnError):
    """A text that can't be kept on disk."""


class DownloadError(CorpusError):
    """A download that failed or arrived with the wrong content."""


class MissingTextError(CorpusError):
    """The text that a run was trained on can't be found again.

    Attributes:
        run: the run's name.
        piped: whether the text came from standard input.
        changed: the path of another text that was found instead; empty if there is none.
    """

    def __init__(self, message: str, run: str, *, piped: bool, changed: str = "") -> None:
        super().__init__(message)
        self.run, self.piped, self.changed = run, piped, changed


class ReviewsError(CharrnnError):
    """Reviews that cannot be found, read or used."""


class VocabularyError(CharrnnError):
    """Characters that the network has never seen."""


class HelperError(CharrnnError):
    """A process that shared the work died."""


class CheckpointError(CharrnnError):
    """A checkpoint that is damaged, of another program, or of a newer format."""


class RunError(CharrnnError):
    """A run that is missing, taken, or in use."""


class NoRunError(RunError):
    """There is no such run.

    Attributes:
        kind: name of the kind that was looked for or, if `other` is set, of what was found instead.
        empty: whether there is no such run at all.
        other: the name of a run of another kind that was found instead.
    """

    def __init__(self, message: str, kind: str, *, empty: bool = False, other: str = "") -> None:
        super().__init__(message)
        self.kind, self.empty, self.other = kind, empty, other


class NamedRunError(RunError):
    """Something is wrong with one run.

    Attributes:
        kind: name of the run's kind.
        name: the run's.
    """

    def __init__(self, message: str, kind: str, name: str) -> None:
        super().__init__(message)
        self.kind, self.name = kind, name


class RunExistsError(NamedRunError):
    """A new run's name is taken by this one."""


class NoCheckpointError(NamedRunError):
    """The first epoch of this run has not ended yet."""


class RunFinishedError(NamedRunError):
    """All epochs of this run are done.

    Attributes:
        epochs: how many.
    """

    def __init__(self, message: str, kind: str, name: str, epochs: int) -> None:
        super().__init__(message, kind, name)
        self.epochs = epochs


class TrainingError(CharrnnError):
    """Training that cannot continue."""


class WorkersDifferError(UsageError):
    """Workers that were not started alike."""


class WorkersMissingError(TrainingError):
    """Not all workers came."""

    def __init__(self, others: int, minutes: int) -> None:
        super().__init__(
            f"not all of the {say_count(others, 'other worker')} came within {minutes} minutes: "
            "start them all, each with the same `workers`"
        )


class WorkerLostError(TrainingError):
    """A worker has ended, or answers no more, and the others can't go on without it.

    Attributes:
        worker: its number and address.
    """

    def __init__(self, worker: str) -> None:
        self.worker = worker
        super().__init__(f"{worker} was lost: what was saved before is kept")


class DivergedError(TrainingError):
    """The loss or a weight became NaN or infinite.

    Attributes:
        problem: that it did, and when.
        changes: settings that a resume may do better with, by their names.
    """

    def __init__(self, epoch: int, changes: dict[str, float]) -> None:
        kept = "; earlier epochs are kept" if epoch > 1 else ""
        self.problem = f"the loss became NaN or infinite in epoch {epoch}{kept}"
        self.changes = changes
        advice = ", ".join(f"{name}={value:g}" for name, value in changes.items())
        super().__init__(f"{self.problem}: resume with {advice}")
