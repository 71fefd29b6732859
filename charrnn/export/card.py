"""The card of a network: what the folder of a model on Hugging Face says of it in README.md."""

import math
import re
from pathlib import Path

from charrnn.config.language import NetworkConfig
from charrnn.errors import say_count
from charrnn.export.folder import describe_files, write_files
from charrnn.export.layers import KERAS_CLASSES
from charrnn.inference.language_model import LanguageModel
from charrnn.runs.checkpoint import Provenance
from charrnn.runs.history import format_number, perplexity

CARD = "README.md"
LENGTH, TEMPERATURE, SEED = 400, 0.8, 1
"""Of the text in a card."""

_CARD = """\
---
library_name: charrnn
pipeline_tag: text-generation
tags:
- char-rnn
- {cell}
---

# {title}

A recurrent network that writes text one {unit} at a time, in the form of charrnn.

| | |
|---|---|
{facts}

{reach}, and it may repeat word for word
what it learnt from.

## What it writes

{length} characters with temperature {temperature} and seed {seed}, from an empty prompt:

{sample}

## How to load it

With charrnn, from a folder that has these files:

```python
import charrnn

model = charrnn.import_model("FOLDER")
print(model.generate("", length={length}, temperature={temperature}, seed={seed}))
```

Without it, in Keras 3, with the package safetensors:

```python
{imports}import keras
from safetensors.numpy import load_file

{ids}
tensors = load_file("model.safetensors")
model = keras.Sequential(
    [
        keras.Input((None,), dtype="int32"),
{layers}
    ]
)
for layer in model.layers:
    names = [f"{{layer.name}}.{{variable.name}}" for variable in layer.weights]
    layer.set_weights([tensors[name] for name in names])
logits = model(ids)  # (B, T) to (B, T, {size})
```
"""

_UNITS = {
    "character": {
        "reach": "It can only read and write the characters in `vocabulary.json`",
        "imports": "import json\nfrom pathlib import Path\n\n",
        "ids": 'vocabulary = json.loads(Path("vocabulary.json").read_text())\n'
        'characters = vocabulary["characters"]  # a character\'s id is its place',
    },
    "byte": {
        "reach": "It reads and writes UTF-8 bytes, which make up every character",
        "imports": "",
        "ids": 'ids = [[*"Dear ".encode()]]  # a byte\'s id is its value',
    },
}
"""What depends on what an id stands for."""


def write_huggingface(model: LanguageModel, path: Path) -> None:
    """Write the folder that `write_safetensors` writes, and a model card.

    Raises:
        CheckpointError: the network produced NaN or infinity.
        OSError: the disk is full or the folder can't be written.
    """
    card = make_card(model, path.name.removesuffix("-huggingface"))
    files = describe_files(model.checkpoint)
    write_files(path, files | {CARD: card.encode("utf-8", "backslashreplace")})


def make_card(model: LanguageModel, title: str) -> str:
    """The card, as Markdown."""
    config = model.checkpoint.network
    unit = model.vocabulary.unit
    facts = _list_facts(config, model.checkpoint.provenance, unit)
    return _CARD.format(
        **_UNITS[unit],
        unit=unit,
        cell=config.cell,
        title=_clean(title),
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        sample=_fence(model.generate("", LENGTH, TEMPERATURE, seed=SEED)),
        layers="\n".join(f"        keras.layers.{layer}," for layer in _list_layers(config)),
        size=config.vocabulary_size,
        length=LENGTH,
        temperature=TEMPERATURE,
        seed=SEED,
    )


def _list_facts(config: NetworkConfig, source: Provenance, unit: str) -> dict[str, str]:
    layers = f"{config.layers} × " if config.layers > 1 else ""
    sizes = f"{layers}{KERAS_CLASSES[config.cell]} {config.units}, embedding {config.embedding}"
    facts = {
        "network": f"{sizes}, {say_count(config.vocabulary_size, unit)}",
        "parameters": f"{config.parameters:,}",
        "learnt from": f"{_clean(source.corpus)}, SHA-256 `{_clean(source.corpus_sha256)}`",
        "weights": _clean(source.moment),
        "training loss": _describe_loss(source.train_loss, unit),
        "validation loss": _describe_loss(source.validation_loss, unit),
        "then adapted to": _clean(source.adapted),
    }
    return {name: value for name, value in facts.items() if value}


def _describe_loss(loss: float | None, unit: str) -> str:
    if loss is None:
        return ""
    bits = format_number(loss / math.log(2))
    per = f"{bits} bits, perplexity {format_number(perplexity(loss), 2)}"
    return f"{format_number(loss)} nats per {unit} ({per})"


def _list_layers(config: NetworkConfig) -> list[str]:
    """The network's layers as Python makes them."""
    recurrent = f"{KERAS_CLASSES[config.cell]}({config.units}, return_sequences=True, name="
    names = [path.removeprefix("layers/") for path in map(config.layer_path, range(config.layers))]
    return [
        f'Embedding({config.vocabulary_size}, {config.embedding}, name="embedding")',
        *(f'{recurrent}"{name}")' for name in names),
        f'Dense({config.vocabulary_size}, name="dense")',
    ]


def _fence(text: str) -> str:
    """A text as a block of code, whatever is in it."""
    shown = "".join(map(_show, text))
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def _show(character: str) -> str:
    """The character, or its number if it would be obeyed."""
    return character if character in "\n\t" or character.isprintable() else ascii(character)[1:-1]


def _clean(text: str) -> str:
    """A name as it can stand in a line of a table."""
    return re.sub(r"([\\`|<>\[\]*_#])", r"\\\1", " ".join("".join(map(_show, text)).split()))
