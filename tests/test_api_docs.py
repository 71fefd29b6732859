"""docs/api.md: it is what the script makes of the docstrings, and its examples run.

And the notebook: it has the outputs of one run.
"""

import contextlib
import io
import json
import re
import runpy
import string
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import charrnn
from charrnn.config.language import NetworkConfig
from charrnn.config.presets import LANGUAGE_PRESETS, REVIEW_PRESETS, ReviewPreset
from charrnn.config.reviews import ClassifierConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.data.words import Words
from charrnn.runs.checkpoint import Checkpoint, Classifier, Provenance, Weights, write_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from charrnn.runs.run import Run
from tests.support.api import write_reviews

DOCS = Path(charrnn.__file__).parent.parent / "docs"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```(?:\n\nprints\n\n```text\n(.*?)```)?", re.DOTALL)

DEPENDS_ON_WEIGHTS = re.compile(r"seed=|probabilities\(")

SHAKESPEARES = "\n !$&',-.3:;?" + string.ascii_uppercase + string.ascii_lowercase
LOSSES = {1: 1.6565, 2: 1.5090, 3: 1.4456}
"""Of the run that the page shows, by epoch."""

SMALL: dict[str, Any] = {"cell": "rnn", "units": 5, "embedding": 4, "seq_length": 10}
SMALL_REVIEWS: dict[str, Any] = {"cell": "average", "units": (), "embedding": 3, "max_length": 6}


def make_weights(network: NetworkConfig | ClassifierConfig) -> Weights:
    random = np.random.default_rng(0)
    shapes = network.weight_shapes()
    return {name: random.normal(0, 0.1, shapes[name]).astype(np.float32) for name in shapes}


def write_foreign_weights(path: Path, characters: int) -> None:
    """A file of Keras's, which has weights alone."""
    with h5py.File(path, "w") as file:
        for name, values in make_weights(NetworkConfig(characters, "gru", 4, 5)).items():
            file[name] = values


def write_shown_runs(checkpoints: Path) -> None:
    """The runs that the page loads, untrained but of the same sizes and with the same history."""
    run = Run(checkpoints / "shakespeare-lstm", LANGUAGE)
    run.folder.mkdir(parents=True)
    language = NetworkConfig(len(SHAKESPEARES), "lstm", embedding=64, units=384)
    for epoch, loss in LOSSES.items():
        source = Provenance("shakespeare", "0" * 64, epoch, loss, loss)
        network = Checkpoint(language, Vocabulary(SHAKESPEARES), source, make_weights(language))
        write_checkpoint(run.epoch_file(epoch), network)
    run.write_history([EpochResult(epoch, loss, loss, 30.0) for epoch, loss in LOSSES.items()])
    run = Run(checkpoints / "classify" / "imdb-lstm-32", CLASSIFIER)
    run.folder.mkdir(parents=True)
    words = Words(["excellent", "awful", "film"])
    reviews = ClassifierConfig(vocabulary_size=len(words), embedding=2, units=(3,))
    source = Provenance("imdb", "0" * 64, 3, 0.3, 0.29)
    write_checkpoint(run.epoch_file(3), Classifier(reviews, words, source, make_weights(reviews)))


def test_the_page_is_what_the_script_makes() -> None:
    """A docstring that changes changes the page: after `make api` they agree."""
    render_page = runpy.run_path(str(DOCS / "render_api.py"))["render_page"]
    assert render_page() == PAGE


def test_every_export_has_an_entry_with_its_public_methods() -> None:
    """Nothing that users can import or call is left out."""
    for name in charrnn.__all__:
        assert f"\n## charrnn.{name}\n" in PAGE
    for kind in (charrnn.LanguageModel, charrnn.ReviewModel):
        members = {name: value for name, value in vars(kind).items() if name[0] != "_"}
        assert members
        for name, value in members.items():
            entry = f"`{name}`" if isinstance(value, property) else f"### {kind.__name__}.{name}"
            assert entry in PAGE


@pytest.mark.slow
def test_every_example_runs(
    tmp_path: Path, real_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's examples run from its top to its end, on small files with the names they use.

    What they print is compared if it is the same for any weights.
    """
    row = {**SMALL, "validation": 0.0}
    monkeypatch.setitem(LANGUAGE_PRESETS, "minute", dict.fromkeys(("lstm", "rnn", "gru"), row))
    monkeypatch.setitem(REVIEW_PRESETS, "lstm-32", ReviewPreset(SMALL_REVIEWS, {"batch_size": 16}))
    Path("my-novel.txt").write_text(real_text[:600] + SHAKESPEARES, encoding="utf-8")
    write_foreign_weights(Path("tutorial.weights.h5"), len({*real_text[:600], *SHAKESPEARES}))
    write_reviews(Path("reviews.csv"))
    write_shown_runs(tmp_path / "checkpoints")
    names: dict[str, Any] = {}
    compared = 0
    for code, expected in BLOCK.findall(PAGE):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "docs/api.md", "exec"), names)  # noqa: S102 - that is the test
        if expected and not DEPENDS_ON_WEIGHTS.search(code):
            assert printed.getvalue() == expected
            compared += 1
    assert compared == 3
    assert names["model"].count_params() == 718_849


def test_the_examples_of_help_are_on_the_page() -> None:
    """What `help(charrnn)` shows is on the page, so that it is run as well."""
    lines = re.findall(r">>> (.*)", charrnn.__doc__ or "")
    assert len(lines) > 3
    code = "".join(code for code, _ in BLOCK.findall(PAGE))
    assert all(line in code for line in lines)


def test_the_notebook_has_the_outputs_of_one_run() -> None:
    """`make notebook` ran it from its top to its end, and no output tells where."""
    notebook = json.loads((DOCS / "notebooks" / "tour.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert all(output["output_type"] != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)
    texts = ["".join(output.get("text", "")) for output in outputs]
    assert not re.search(r"(^|\s)/\w+/|\.py\b", "\n".join(texts))
