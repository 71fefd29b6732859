"""The errors a user can meet; each message is one line that says what to do next."""


class CharrnnError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code = 1


class UsageError(CharrnnError):
    """Options that contradict each other or lie outside their range."""

    exit_code = 2


class CorpusError(CharrnnError):
    """A text that cannot be found, read or used."""


class CorpusTooShortError(CorpusError):
    """A text with fewer characters than one batch needs."""


class DownloadError(CorpusError):
    """A download that failed or arrived with the wrong content."""


class ReviewsError(CharrnnError):
    """Reviews that cannot be found, read or used."""


class VocabularyError(CharrnnError):
    """Characters that the network has never seen."""


class CheckpointError(CharrnnError):
    """A checkpoint that is damaged, of another program, or of a newer format."""


class RunError(CharrnnError):
    """A run that is missing, taken, or in use."""


class TrainingError(CharrnnError):
    """A training that cannot go on."""
