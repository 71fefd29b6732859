"""Giving a language model away."""

from pathlib import Path

from charrnn.api.arguments import PathLike, check_model, to_name
from charrnn.export.write import write_model
from charrnn.inference.language_model import LanguageModel


def export_model(model: LanguageModel, to: str, file: PathLike | None = None) -> Path:
    """Write a language model in another form. Needs NumPy, not TensorFlow.

    Args:
        model: the network.
        to: "html" for a page that writes in a browser, all in one file; "int8" for a checkpoint of
            a quarter of the size, which `load` reads; "keras" for a `.keras` file; "safetensors"
            for a folder of safetensors and JSON; "huggingface" for the same folder with a model
            card.
        file: where to. In a folder that is there, or if it is None in the working folder, it is
            named after the network's run.

    Returns:
        The file or folder that was written. An older file is replaced, unless it is a checkpoint.

    Raises:
        UsageError: a value of the wrong type, there is no such form, the file is a checkpoint, or
            the network is too large for a page.
        OSError: the disk is full or the folder can't be written.

    Example:
        >>> model = charrnn.load("shakespeare-lstm")
        >>> small = charrnn.load(charrnn.export_model(model, "int8"))
        >>> print(small.generate("ROMEO:", length=200, seed=7))
    """
    check_model(model)
    given = to_name("file", file)
    return write_model(model, to, None if given is None else Path(given))
