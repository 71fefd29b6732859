"""Giving a language model away, and taking in another program's."""

from collections.abc import Sequence
from pathlib import Path

from charrnn.api.arguments import (
    PathLike,
    check_functions,
    check_model,
    check_texts,
    choose_corpus,
    choose_folders,
    to_name,
)
from charrnn.api.session import Notes, OnNote
from charrnn.data.corpus import Corpus
from charrnn.data.reading import make_reading
from charrnn.errors import UsageError
from charrnn.export import imports
from charrnn.export.write import write_model
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.planning.texts import load_text
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.names import choose_name


def export_model(model: LanguageModel, to: str, file: PathLike | None = None) -> Path:
    """Write a language model in another form. Needs NumPy, not TensorFlow.

    Args:
        model: the network.
        to: "html" for a page that writes in a browser, all in one file; "int8" for a checkpoint in
            8 bits, a quarter of the size unless the network is small, which `load` reads; "keras"
            for a `.keras` file; "onnx" for a graph; "safetensors" for a folder of safetensors and
            JSON; "huggingface" for the same folder with a model card.
        file: where to. In a folder that is there, or if it is None in the working folder, it is
            named after the network's run.

    Returns:
        The file or folder that was written. An older file is replaced, unless it holds a network
        that is not this one in 8 bits.

    Raises:
        UsageError: a value of the wrong type, there is no such form, the package that it needs is
            not installed, the file holds another network, or the network is too large for the form.
        OSError: the disk is full or the folder can't be written.

    Example:
        >>> model = charrnn.load("shakespeare-lstm")
        >>> small = charrnn.load(charrnn.export_model(model, "int8"))
        >>> print(small.generate("ROMEO:", length=200, seed=7))
    """
    check_model(model)
    given = to_name("file", file)
    return write_model(model, to, None if given is None else Path(given))


def import_model(
    file: PathLike,
    corpus: PathLike | Sequence[PathLike] | None = None,
    *,
    text: str | None = None,
    vocabulary: str | None = None,
    encoding: str | None = None,
    run: str | None = None,
    checkpoints: PathLike | None = None,
    data_dir: PathLike | None = None,
    on_note: OnNote | None = None,
) -> LanguageModel:
    """Make a language model of another program's file. Needs NumPy and h5py, not TensorFlow.

    The layers must be an Embedding, one or more SimpleRNN, LSTM or GRU of one size with Keras's
    default activations, and a Dense. HDF5 is read in a child process, of little memory and time,
    that can open no other file.

    Args:
        file: Keras's weights (`.weights.h5` or, of Keras 2, `.h5`), a `.keras` or a `.safetensors`
            file; or what `export_model` wrote, which needs no text.
        corpus: the text that the network learnt from, as in `train`: its ids are the places of the
            characters in sorted order. If the network has one id more, the first one stands for
            unknown characters and is left out.
        text: the text itself, instead of `corpus`.
        vocabulary: instead of a text, the characters in the order of their ids.
        encoding: of the file of `corpus`; None for UTF-8.
        run: the name of a new run that keeps the model in `checkpoints`; None to keep none.
        checkpoints: where runs are kept, as in `train`.
        data_dir: where downloads are kept, as in `train`.
        on_note: called with what the user should know, such as a loss that no other text explains.

    Raises:
        UsageError: a value of the wrong type, or not one of the three that say what the ids mean.
        CharrnnError: the text can't be had, the file is damaged, a layer doesn't fit, or the number
            of characters; the run's name is taken.
        OSError: the disk is full or the folder can't be written.

    Example:
        >>> novelist = charrnn.import_model("tutorial.weights.h5", "my-novel.txt")
        >>> print(novelist.generate("It was ", length=200, seed=1))
    """
    path = Path(_require_file(file))
    check_texts(vocabulary=vocabulary, encoding=encoding, run=run)
    check_functions(on_note=on_note)
    source, folders, notes = (
        choose_corpus(corpus, text),
        choose_folders(checkpoints, data_dir),
        Notes(on_note),
    )
    name = None if run is None else choose_name(folders.checkpoints, LANGUAGE, run)
    known = source if isinstance(source, Corpus) else None
    if source and not isinstance(source, Corpus):
        known = load_text(source, folders.data, notes, make_reading(encoding=encoding))
    model = imports.import_model(path, known, vocabulary, notes.note)
    if name is None:
        return model
    return load_model(imports.keep_model(model, folders.checkpoints, name, notes.note))


def _require_file(file: PathLike) -> str:
    name = to_name("file", file)
    if name is None:
        raise UsageError("`file` must be a name or a path, not NoneType")
    return name
