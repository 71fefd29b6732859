"""Folders of safetensors: other libraries load them, and so do we, trusting nothing."""

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from charrnn.errors import CheckpointError
from charrnn.export.card import CARD, make_card, write_huggingface
from charrnn.export.folder import CONFIG, VOCABULARY, WEIGHTS, read_folder, write_safetensors
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint

CELLS = [("rnn", 1), ("lstm", 2), ("gru", 3)]


@pytest.mark.parametrize(("cell", "layers"), CELLS)
def test_a_folder_is_the_whole_network(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, cell: str, layers: int
) -> None:
    """What comes back is what was written: configuration, characters, provenance, every bit."""
    checkpoint = make_checkpoint(" äöü\ud83d\U0001f600", cell=cell, layers=layers, dropout=0.25)
    write_safetensors(LanguageModel(checkpoint), tmp_path / "net")
    again = read_folder(tmp_path / "net")
    assert again.vocabulary.to_values() == checkpoint.vocabulary.to_values()
    assert (again.network, again.provenance) == (checkpoint.network, checkpoint.provenance)
    assert list(again.weights) == list(checkpoint.weights)
    for name, values in checkpoint.weights.items():
        assert np.array_equal(again.weights[name], values)


def test_the_package_reads_the_names_of_keras(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """A stranger who knows Keras finds each layer's variables."""
    checkpoint = make_checkpoint(cell="gru", layers=2)
    write_safetensors(LanguageModel(checkpoint), tmp_path / "net")
    found = load_file(tmp_path / "net" / WEIGHTS)
    assert {name: values.shape for name, values in found.items()} == {
        "embedding.embeddings": (11, 5),
        "gru.kernel": (5, 21),
        "gru.recurrent_kernel": (7, 21),
        "gru.bias": (2, 21),
        "gru_1.kernel": (7, 21),
        "gru_1.recurrent_kernel": (7, 21),
        "gru_1.bias": (2, 21),
        "dense.kernel": (7, 11),
        "dense.bias": (11,),
    }
    assert np.array_equal(found["dense.bias"], checkpoint.weights["layers/dense/vars/1"])


def damage_config(folder: Path, change: Any) -> None:
    content = json.loads((folder / CONFIG).read_text())
    change(content)
    (folder / CONFIG).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / WEIGHTS).unlink(),
        lambda folder: (folder / CONFIG).unlink(),
        lambda folder: (folder / VOCABULARY).write_text("[]"),
        lambda folder: (folder / VOCABULARY).write_text('{"characters": 3}'),
        lambda folder: (folder / VOCABULARY).write_text('{"characters": "ab"}'),
        lambda folder: (folder / CONFIG).write_text("[" * 10**5),
        lambda folder: (folder / CONFIG).write_bytes(b"\0" * (2**20 + 1)),
        lambda folder: (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1]),
        lambda folder: damage_config(folder, lambda content: content.pop("provenance")),
        lambda folder: damage_config(folder, lambda content: content["network"].update(units=8)),
        lambda folder: damage_config(folder, lambda content: content["network"].update(cell="x")),
        lambda folder: damage_config(
            folder, lambda content: content["network"].update(units=2**16, layers=100)
        ),
    ],
)
def test_damage_is_refused_in_one_line(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, damage: Any
) -> None:
    """A file that is missing, or doesn't fit the others, is named or described."""
    write_safetensors(LanguageModel(make_checkpoint()), folder := tmp_path / "net")
    damage(folder)
    message = catch_message(CheckpointError, partial(read_folder, folder))
    assert len(message.splitlines()) == 1
    assert str(folder) in message
    assert len(message.replace(str(folder), "")) < 300


def test_a_folder_that_cannot_be_finished_is_not_there(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full leaves no half of a network; a folder that was there stays."""
    model = LanguageModel(make_checkpoint())
    write_safetensors(model, tmp_path / "old")
    before = (tmp_path / "old" / WEIGHTS).read_bytes()

    def fail(path: Path, content: bytes) -> None:
        if path.name == VOCABULARY:
            raise OSError(28, "No space left on device", str(path))
        path.write_bytes(content)

    monkeypatch.setattr("charrnn.export.folder.write_atomically", fail)
    for name in ("new", "old"):
        with pytest.raises(OSError, match="No space"):
            write_safetensors(model, tmp_path / name)
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "old" / WEIGHTS).read_bytes() == before


@pytest.mark.parametrize(("cell", "layers"), CELLS)
def test_the_card_loads_the_network_without_us(
    make_checkpoint: MakeCheckpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cell: str,
    layers: int,
) -> None:
    """Its code for Keras runs as it stands, in the folder, and gives NumPy's logits."""
    import charrnn.networks  # noqa: F401 - starts TensorFlow quietly

    checkpoint = make_checkpoint(cell=cell, layers=layers)
    write_huggingface(LanguageModel(checkpoint), folder := tmp_path / "net-huggingface")
    card = (folder / CARD).read_text(encoding="utf-8")
    _, code = re.findall("```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir(folder)
    ids = np.random.default_rng(0).integers(0, 11, (3, 9))
    scope: dict[str, Any] = {"ids": ids}
    exec(code, scope)  # noqa: S102 - what a reader would type
    assert scope["characters"] == checkpoint.vocabulary.to_values()
    expected = NumpyStepper(checkpoint, 3).read(ids)
    np.testing.assert_allclose(scope["logits"], expected, rtol=0, atol=1e-5)


def test_the_card_says_what_the_network_is(make_checkpoint: MakeCheckpoint) -> None:
    """What it learnt from with its hash, its losses, and a text that can be had again."""
    model = LanguageModel(make_checkpoint(layers=2))
    card = make_card(model, "novel")
    assert card.startswith("---\nlibrary_name: charrnn\n")
    assert "\n# novel\n" in card
    for fact in ("2 × LSTM 7", "test, SHA-256 `" + "0" * 64, "epoch 1", "927"):
        assert fact in card
    assert "2.5000 nats per character (3.6067 bits, perplexity 12.18)" in card
    assert "2.2500 nats per character (3.2461 bits, perplexity 9.49)" in card
    text = model.generate("", length=400, temperature=0.8, seed=1)
    assert f"```text\n{text}\n```" in card
    assert 'generate("", length=400, temperature=0.8, seed=1)' in card


def test_nothing_in_a_card_ends_its_blocks(make_checkpoint: MakeCheckpoint) -> None:
    """Backquotes, escapes and half characters of a network are shown, not obeyed."""
    checkpoint = make_checkpoint("\n\x1b`\ud83d")
    checkpoint = replace(
        checkpoint, provenance=replace(checkpoint.provenance, imported="a|b.h5\n\n<img src=x>")
    )
    card = make_card(LanguageModel(checkpoint), "a|b\n# c")
    assert "\n<img" not in card
    assert r"a\|b.h5" in card
    assert r"# a\|b \# c" in card
    assert "\x1b" not in card
    assert r"\x1b" in card
    assert r"\ud83d" in card
    fence = max(re.findall("(`+)text\n", card), key=len)
    inside = card.split(f"{fence}text\n")[1].split(f"\n{fence}\n")[0]
    assert fence not in inside
    assert "`" in inside
