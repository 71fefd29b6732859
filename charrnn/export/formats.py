"""The forms that a language model is given away in, in one table."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from charrnn.inference.language_model import LanguageModel


@dataclass(frozen=True)
class Format:
    """One form; what writes it is imported when it is needed.

    Attributes:
        ending: what the name ends with, after the network's, unless one is given.
        about: what it is.
        use: what can be done with it.
        write: writes a network to a path, whole or not at all.
    """

    ending: str
    about: str
    use: str
    write: "Callable[[LanguageModel, Path], None]"


def _write_int8(model: "LanguageModel", path: Path) -> None:
    from charrnn.runs.checkpoint import write_checkpoint

    write_checkpoint(path, model.checkpoint, int8=True)


def _write_keras(model: "LanguageModel", path: Path) -> None:
    from charrnn.export.keras_archive import write_keras

    write_keras(model, path)


def _write_onnx(model: "LanguageModel", path: Path) -> None:
    from charrnn.export.onnx_graph import write_onnx

    write_onnx(model, path)


def _write_safetensors(model: "LanguageModel", path: Path) -> None:
    from charrnn.export.folder import write_safetensors

    write_safetensors(model, path)


def _write_huggingface(model: "LanguageModel", path: Path) -> None:
    from charrnn.export.card import write_huggingface

    write_huggingface(model, path)


def _write_html(model: "LanguageModel", path: Path) -> None:
    from charrnn.export.html import write_page

    write_page(model, path)


FORMATS = {
    "int8": Format(
        "-int8.weights.h5",
        "a checkpoint in 8 bits",
        "Use it like any checkpoint, by its path",
        _write_int8,
    ),
    "html": Format(
        ".html",
        "a page that writes in a browser, all in one file",
        "Open it in any browser, or send it to a friend",
        _write_html,
    ),
    "keras": Format(
        ".keras",
        "a file that Keras opens, of its own layers",
        "Open it with keras.saving.load_model",
        _write_keras,
    ),
    "onnx": Format(
        ".onnx",
        "a graph for ONNX's runtimes",
        "Run it with onnxruntime",
        _write_onnx,
    ),
    "safetensors": Format(
        "-safetensors",
        "a folder of safetensors and JSON",
        "Load it with the package safetensors",
        _write_safetensors,
    ),
    "huggingface": Format(
        "-huggingface",
        "the same folder with a model card",
        "Read its README.md, then give it to hf upload",
        _write_huggingface,
    ),
}
"""Name to format."""
