"""A caller's arguments, checked and in the form that planning takes."""

import os
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.config.cluster import Team, choose_team
from charrnn.config.fields import require
from charrnn.data.corpus import Corpus, make_corpus
from charrnn.data.download import DATA
from charrnn.inference.language_model import LanguageModel
from charrnn.planning.folders import Folders
from charrnn.runs.keep import Saving
from charrnn.runs.kinds import CHECKPOINTS

PathLike = str | os.PathLike[str]

_LONGEST_NAME = 255  # of a file, on Linux and macOS


def to_plain(value: Any) -> Any:
    """A NumPy number as Python's, and a list or an array as a tuple; all else as it is."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    return tuple(map(to_plain, value)) if isinstance(value, list | tuple) else value


def to_name(keyword: str, value: PathLike | None) -> str | None:
    """A name or path as a string, ~ as the home folder; None stays None.

    Raises:
        UsageError: it is neither.
    """
    name = os.fspath(value) if isinstance(value, os.PathLike) else value
    if name is None:
        return None
    _require_type(isinstance(name, str), keyword, "a name or a path", value)
    require(_can_be_path(name), f"`{keyword}` can't be a name or a path: {reprlib.repr(name)}")
    return os.path.expanduser(name)  # noqa: PTH111 - Path would change a name


def check_texts(**given: object) -> None:
    """Reject arguments that are neither a string nor None.

    Raises:
        UsageError: there is one.
    """
    for keyword, value in given.items():
        _require_type(value is None or isinstance(value, str), keyword, "str", value)


def check_model(model: object) -> None:
    """Reject what is no language model.

    Raises:
        UsageError: it is something else, such as a run's name.
    """
    _require_type(isinstance(model, LanguageModel), "model", "a LanguageModel", model)


def check_functions(**given: object) -> None:
    """Reject arguments that are neither a function nor None.

    Raises:
        UsageError: there is one.
    """
    for keyword, value in given.items():
        _require_type(value is None or callable(value), keyword, "a function", value)


def check_flag(keyword: str, value: object) -> bool:
    """The value if it is True or False.

    Raises:
        UsageError: it is something else.
    """
    _require_type(isinstance(value, bool), keyword, "bool", value)
    return bool(value)


def check_number(keyword: str, value: object, kind: type[int] | type[float]) -> None:
    """Reject what is not a number.

    Args:
        keyword: the argument's name.
        value: the argument.
        kind: int for whole numbers only.

    Raises:
        UsageError: it is something else.
    """
    holds = isinstance(value, (int, kind)) and not isinstance(value, bool)
    _require_type(holds, keyword, kind.__name__, value)


def to_epoch(value: Any) -> int | None:
    """An epoch's number; None stays None.

    Raises:
        UsageError: it is not a whole number.
    """
    epoch: int | None = to_plain(value)
    if epoch is not None:
        check_number("epoch", epoch, int)
    return epoch


def to_team(workers: Any, worker: Any, devices: Any) -> Team | None:
    """The workers or devices that train together; None for one alone.

    Raises:
        UsageError: they, or what the environment says, describe no cluster.
    """
    index, count = to_plain(worker), to_plain(devices)
    for keyword, number in {"worker": index, "devices": count}.items():
        if number is not None:
            check_number(keyword, number, int)
    if workers is not None:
        several = isinstance(workers, Sequence) and not isinstance(workers, str)
        _require_type(several, "workers", "a list of addresses", workers)
    return choose_team(workers, index, count, os.environ)


def to_saving(keep: Any, checkpoint_every: Any) -> Saving:
    """How to save a run.

    Raises:
        UsageError: which checkpoints to keep is neither a word for that nor a number of epochs, or
            the minutes are no number.
    """
    kept, minutes = to_plain(keep), to_plain(checkpoint_every)
    if kept is not None:
        known = isinstance(kept, str | int) and not isinstance(kept, bool)
        _require_type(known, "keep", "a word or a number", kept)
        kept = str(kept)
    if minutes is not None:
        check_number("checkpoint_every", minutes, float)
    saving = Saving(kept, minutes)
    saving.check()
    return saving


def check_resume(**given: object) -> None:
    """Reject arguments for what a resume takes from the run itself.

    Raises:
        UsageError: any of them is not None.
    """
    names = ", ".join(f"`{name}`" for name, value in given.items() if value is not None)
    require(not names, f"`resume` keeps the run's name and settings: leave out {names}")


def choose_corpus(
    corpus: PathLike | Sequence[PathLike] | None, text: str | None
) -> tuple[str, ...] | Corpus:
    """The corpus's names or paths, none if none is given; or the text itself.

    Raises:
        UsageError: both are given, or they are of another type.
        CorpusError: the text is empty.
    """
    check_texts(text=text)
    require(corpus is None or text is None, "give `corpus` or `text`, not both")
    require(
        not isinstance(corpus, str) or ("\n" not in corpus and _can_be_path(corpus)),
        "`corpus` is a name or a path: give a text itself as `text`",
    )
    return list_sources("corpus", corpus) if text is None else make_corpus(text)


def list_sources(keyword: str, given: PathLike | Sequence[PathLike] | None) -> tuple[str, ...]:
    """The names or paths, one or several; none for None.

    Raises:
        UsageError: they are neither.
    """
    if given is None:
        return ()
    if isinstance(given, str | bytes | os.PathLike):
        return (to_name(keyword, given) or ".",)
    _require_type(isinstance(given, Sequence), keyword, "a path or a list of paths", given)
    return tuple(to_name(keyword, name) or "." for name in given)


def choose_how(
    encoding: str | None,
    text_column: str | None,
    newlines: str | None,
    clean: bool | None,
    glob: str | Sequence[str] | None,
    separator: str | None,
) -> dict[str, Any]:
    """What `make_reading` takes.

    Raises:
        UsageError: one of them has another type.
    """
    check_texts(encoding=encoding, text_column=text_column, newlines=newlines, separator=separator)
    _require_type(clean is None or isinstance(clean, bool), "clean", "bool", clean)
    return {
        "encoding": encoding,
        "text_column": text_column,
        "newlines": newlines,
        "clean": clean,
        "glob": _list_patterns(glob),
        "separator": separator,
    }


def _list_patterns(glob: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if glob is None:
        return None
    several = (glob,) if isinstance(glob, str) else tuple(glob)
    for pattern in several:
        _require_type(isinstance(pattern, str), "glob", "a pattern or a list of them", pattern)
    return several


def list_names(keyword: str, several: Any) -> list[str]:
    """Names or paths, in a list or the like.

    Raises:
        UsageError: they are something else, one name alone for example.
    """
    is_list = isinstance(several, Sequence) and not isinstance(several, str | bytes)
    _require_type(is_list, keyword, "a list of names or paths", several)
    return [to_name(keyword, one) or "" for one in several]


def choose_folders(checkpoints: PathLike | None, data_dir: PathLike | None) -> Folders:
    """The folders given, else those in the environment, else the command line's defaults.

    Raises:
        UsageError: one of them is not a path.
    """
    return Folders(
        _choose_folder("checkpoints", checkpoints, CHECKPOINTS),
        _choose_folder("data_dir", data_dir, DATA),
    )


def _choose_folder(keyword: str, given: PathLike | None, default: Path) -> Path:
    named = to_name(keyword, given)
    if named is None:
        return Path(os.environ.get(f"CHARRNN_{keyword.upper()}") or default).expanduser()
    return Path(named)


def _can_be_path(name: str) -> bool:
    """Whether a file could have this path."""
    return "\0" not in name and all(len(part) <= _LONGEST_NAME for part in name.split("/"))


def _require_type(holds: bool, keyword: str, wanted: str, value: object) -> None:
    require(holds, f"`{keyword}` must be {wanted}, not {type(value).__name__}")
