"""What the epochs of a run ended with, and history.csv, which holds it."""

import csv
import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charrnn.data.files import read_bounded
from charrnn.errors import RunError
from charrnn.runs.atomic import write_atomically

_LARGEST_EXPONENT = 700  # exp of more overflows a float
_MOST = 2**24  # bytes
_MOST_LINES = 2**17  # more epochs than a resume file can hold
_LONGEST_LINE = 500  # characters
_LAST_EPOCH = 10**9
_MOST_READ = 2**63
_EXPLODED = 1e6  # a number from here on is not written out in full


@dataclass(frozen=True)
class EpochResult:
    """What an epoch ended with. Losses are in nats per character or, of a classifier, per review.

    Attributes:
        epoch: its number, from 1.
        train_loss: mean loss on the training text or reviews during the epoch.
        validation_loss: loss on what is held back, after the epoch; None if nothing is.
        seconds: what the epoch took, with its validation.
        train_accuracy: of a classifier, in [0, 1]; None for a language model.
        validation_accuracy: the same on what is held back.
        read: how many characters, words or reviews it trained on; None if that was not noted.
    """

    epoch: int
    train_loss: float
    validation_loss: float | None
    seconds: float
    train_accuracy: float | None = None
    validation_accuracy: float | None = None
    read: int | None = None

    @property
    def loss(self) -> float:
        """The loss that epochs are ranked by: validation's if there is one."""
        return self.train_loss if self.validation_loss is None else self.validation_loss

    @property
    def perplexity(self) -> float:
        """exp(loss): how many characters the network is, in effect, choosing between."""
        return perplexity(self.loss)


def perplexity(loss: float) -> float:
    """What a loss in nats per character is the logarithm of."""
    return math.exp(loss) if loss < _LARGEST_EXPONENT else math.inf


def format_number(value: float, decimals: int = 4) -> str:
    """A loss or a perplexity; one that has exploded is not written out in full."""
    return f"{value:.{decimals}f}" if value < _EXPLODED else f"{value:.1e}"


def find_best(results: Sequence[EpochResult]) -> EpochResult:
    """The result with the lowest loss, the earliest of equals."""
    return min(results, key=lambda result: (math.isnan(result.loss), result.loss, result.epoch))


def write_history(path: Path, results: Sequence[EpochResult]) -> None:
    """Replace the file by `results`; `best` marks each epoch that beat all before it.

    Raises:
        OSError: the disk is full or the folder can't be written; the old file is kept.
    """
    bests = itertools.accumulate(results, lambda *both: find_best(both))
    rows = [_make_row(result, best is result) for result, best in zip(results, bests, strict=True)]
    table = io.StringIO()
    writer = csv.DictWriter(table, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, table.getvalue().encode())


def read_history(path: Path) -> list[EpochResult]:
    """The results in the file; none if there is no such file.

    Raises:
        RunError: the file is not as `write_history` writes it.
    """
    try:
        lines = _split_lines(read_bounded(path, _MOST).decode())
        return [_parse_row(row) for row in csv.DictReader(lines)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"can't read {path}: {error.strerror}; choose an `epoch`") from error
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise RunError(f"{path} is damaged: delete it, or choose an `epoch`") from error


def _make_row(result: EpochResult, best: bool) -> dict[str, str | int]:
    row: dict[str, str | int] = {"epoch": result.epoch, "train_loss": repr(result.train_loss)}
    classifies = result.train_accuracy is not None
    if classifies:
        row["train_accuracy"] = _show(result.train_accuracy)
    row["validation_loss"] = _show(result.validation_loss)
    if classifies:
        row["validation_accuracy"] = _show(result.validation_accuracy)
    else:
        row["perplexity"] = f"{result.perplexity:.4f}"
    row["read"] = _show(result.read)
    return row | {"seconds": f"{result.seconds:.2f}", "best": "yes" if best else ""}


def _show(value: float | None) -> str:
    return "" if value is None else repr(value)


def _split_lines(text: str) -> list[str]:
    lines = text.splitlines()
    if len(lines) > _MOST_LINES or max(map(len, lines), default=0) > _LONGEST_LINE:
        raise ValueError("there are too many lines, or too long ones")
    return lines


def _parse_row(row: dict[str, str]) -> EpochResult:
    return EpochResult(
        epoch=_parse_epoch(row["epoch"]),
        train_loss=float(row["train_loss"]),
        validation_loss=_parse_number(row["validation_loss"]),
        seconds=_parse_seconds(row["seconds"]),
        train_accuracy=_parse_number(row.get("train_accuracy", "")),
        validation_accuracy=_parse_number(row.get("validation_accuracy", "")),
        read=_parse_count(row.get("read", "")),
    )


def _parse_epoch(text: str) -> int:
    epoch = int(text)
    if not 0 < epoch <= _LAST_EPOCH:
        raise ValueError(f"an epoch's number does not lie in [1, {_LAST_EPOCH:,}]")
    return epoch


def _parse_count(text: str) -> int | None:
    count = int(text) if text else None
    if count is not None and not 0 <= count < _MOST_READ:
        raise ValueError(f"a number does not lie in [0, {_MOST_READ:,})")
    return count


def _parse_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError("a time is negative or endless")
    return seconds


def _parse_number(text: str) -> float | None:
    return float(text) if text else None
