"""Characters a second when sampling: charrnn's engines against Keras and PyTorch.

Every system runs the same untrained network on this machine in turn, several rounds; the figures
are medians, so compare ratios. `python benchmarks/sampling.py --help` shows the sizes to choose.
PyTorch takes part if it is installed.
"""

import argparse
import importlib.util
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.config.fields import CELLS
from charrnn.config.language import NetworkConfig
from charrnn.data.vocabulary import Vocabulary
from charrnn.inference.choose import Choice
from charrnn.inference.generate import generate_ids, make_generators
from charrnn.inference.language import Engine, NumpyStepper
from charrnn.inference.rules import KnownCharacters
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, Provenance, write_checkpoint

CHARACTERS = "".join(chr(code) for code in range(33, 33 + 65))
PROMPT = np.array([13, 50, 50, 10, 1], np.int32)
TEMPERATURE = 0.8

System = Callable[[int], None]
"""Writes so many characters from the prompt on."""


def make_checkpoint(config: NetworkConfig) -> Checkpoint:
    """A network of Keras-like initial weights."""
    random = np.random.default_rng(0)
    weights = {
        name: random.uniform(-1, 1, shape).astype(np.float32) * (3 / max(shape)) ** 0.5
        for name, shape in config.weight_shapes().items()
    }
    provenance = Provenance("benchmark", "", 1, 0.0, None)
    return Checkpoint(config, Vocabulary(CHARACTERS), provenance, weights)


def make_own_system(engine: Engine, network: Checkpoint, batch_size: int) -> System:
    """What `charrnn sample` does, without the writing."""

    def write(length: int) -> None:
        stepper, generators = engine(network, batch_size), make_generators(0, batch_size)
        rules = KnownCharacters(None)
        steps = generate_ids(stepper, PROMPT, Choice(TEMPERATURE), generators, rules)
        for _ in range(length):
            next(steps)

    return write


def make_keras_systems(path: Path, network: Checkpoint) -> dict[str, System]:
    """The tutorial's loop, the same step compiled, and `model.predict` in a loop."""
    import keras
    import tensorflow as tf

    config = network.network
    cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    layer = cells[config.cell](config.units, stateful=True, return_sequences=True)
    inputs = keras.Input(batch_shape=(1, None), dtype="int32")
    signal = layer(keras.layers.Embedding(config.vocabulary_size, config.embedding)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(config.vocabulary_size)(signal))
    model.load_weights(path)

    def loop(draw: Callable[[Any], Any]) -> System:
        def write(length: int) -> None:
            layer.reset_state()
            ids = tf.expand_dims(PROMPT, 0)
            for _ in range(length):
                ids = draw(ids)
                ids.numpy()

        return write

    def sample_with(predict: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def draw(ids: Any) -> Any:
            logits = tf.squeeze(predict(ids), 0) / TEMPERATURE
            return tf.random.categorical(logits[-1:], num_samples=1, dtype=tf.int32)  # (1, 1)

        return draw

    signature = [tf.TensorSpec((1, None), tf.int32)]
    compiled = tf.function(sample_with(model), input_signature=signature)
    return {
        "Keras, the tutorial's loop": loop(sample_with(model)),
        "Keras, compiled step": loop(compiled),
        "Keras, model.predict": loop(sample_with(lambda ids: model.predict(ids, verbose=0))),
    }


def make_torch_systems(network: Checkpoint) -> dict[str, System]:
    """PyTorch's cell stepped in inference mode, at the same sizes; none without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return {}
    import torch

    config = network.network
    cells = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}
    embedding = torch.nn.Embedding(config.vocabulary_size, config.embedding)
    cell = cells[config.cell](config.embedding, config.units)
    dense = torch.nn.Linear(config.units, config.vocabulary_size)

    def write(length: int) -> None:
        with torch.inference_mode():
            state: Any = None
            pending = [torch.tensor([int(one)]) for one in PROMPT]
            for _ in range(length):
                for ids in pending:
                    state = cell(embedding(ids), state)
                output: Any = state[0] if config.cell == "lstm" and state else state
                chances = torch.softmax(dense(output) / TEMPERATURE, dim=-1)
                pending = [torch.multinomial(chances, 1)[0]]

    return {"PyTorch, cell by cell": write}


def measure(systems: dict[str, tuple[System, int]], rounds: int) -> dict[str, float]:
    """Median characters a second of each system; `int` is how many a call writes."""
    speeds: dict[str, list[float]] = {name: [] for name in systems}
    for write, length in systems.values():
        write(max(3, length // 20))
    for _ in range(rounds):
        for name, (write, length) in systems.items():
            began = time.perf_counter()
            write(length)
            speeds[name].append(length / (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in speeds.items()}


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", choices=CELLS, default="lstm")
    parser.add_argument("--units", type=int, default=1024)
    parser.add_argument("--embedding", type=int, default=256)
    parser.add_argument("--num", type=int, default=64, help="texts side by side")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    config = NetworkConfig(len(CHARACTERS), asked.cell, asked.embedding, asked.units)
    network = make_checkpoint(config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"epoch-0001{SUFFIX}"
        write_checkpoint(path, network)
        rivals = make_keras_systems(path, network) | make_torch_systems(network)
    lengths = {"Keras, model.predict": 20, "Keras, the tutorial's loop": 100}
    systems = {name: (write, lengths.get(name, 500)) for name, write in rivals.items()}
    from charrnn.networks.native.stepper import NativeStepper

    systems["charrnn, one text"] = (make_own_system(NumpyStepper, network, 1), 2000)
    many = {}
    for name, engine in (("", NumpyStepper), (" --engine native", NativeStepper)):
        many[f"charrnn{name}, {asked.num} texts, characters of all"] = engine
    for name, engine in many.items():
        systems[name] = (make_own_system(engine, network, asked.num), 100)
    speeds = measure(systems, asked.rounds)
    for name in many:
        speeds[name] *= asked.num
    print(f"{asked.cell} {asked.units}, embedding {asked.embedding}, {platform.machine()}")
    base = speeds["Keras, the tutorial's loop"]
    for name, speed in sorted(speeds.items(), key=lambda row: row[1]):
        print(f"{name:<50} {speed:>10,.0f} characters/s {speed / base:>8.1f} ×")


if __name__ == "__main__":
    main()
