"""Language models side by side."""

from collections.abc import Sequence

from charrnn.api.arguments import (
    PathLike,
    check_functions,
    check_number,
    choose_folders,
    list_names,
    to_plain,
)
from charrnn.api.session import Notes, OnNote
from charrnn.planning.comparison import Comparison, Trial, compare_runs


def compare(
    runs: Sequence[PathLike],
    prompt: str = "",
    *,
    length: int = 200,
    temperature: float = 0.8,
    seed: int = 1,
    limit: int | None = None,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_note: OnNote | None = None,
) -> list[Comparison]:
    """Compare language models: size, minutes, losses, and what each writes. Needs NumPy alone.

    This is what `charrnn compare` does. Each is measured on the part of its own text that it held
    back, as far as that can be had.

    Args:
        runs: the runs' names, their folders, or `.weights.h5` files.
        prompt: what each continues; empty for the start of a line.
        length: how many characters each writes.
        temperature: as in `LanguageModel.generate`.
        seed: as in `LanguageModel.generate`.
        limit: measure only so many characters, 2 or more; None for all.
        checkpoints: where runs are kept, as in `train`.
        data_dir: where downloads are kept, as in `train`.
        on_note: called with each line that the command would note, such as that the texts differ.

    Raises:
        CharrnnError: there is no such run, it can't be used, or it does not know the prompt.

    Example:
        >>> for one in charrnn.compare(["novel", "shakespeare-lstm"], "It was ", length=80):
        ...     print(one.run, one.parameters, one.stream, one.text)
    """
    names = list_names("runs", runs)
    check_functions(on_note=on_note)
    if limit is not None:
        check_number("limit", limit := to_plain(limit), int)
    trial = Trial(prompt, length, temperature, seed, limit)
    return [*compare_runs(names, trial, choose_folders(checkpoints, data_dir), Notes(on_note))]
