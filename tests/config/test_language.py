"""Settings of a language model and its training are checked as they are made."""

import dataclasses
import math
from itertools import product
from typing import Any

import pytest

from charrnn.config.language import DROPOUTS, NetworkConfig, TrainingConfig
from charrnn.errors import UsageError
from tests.support.messages import catch_message


def make_network(**changes: Any) -> NetworkConfig:
    return NetworkConfig(**({"vocabulary_size": 65} | changes))


def reject(kind: Any, **values: Any) -> str:
    """The message with which these values are rejected."""
    return catch_message(UsageError, lambda: kind(**values))


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", 1_395_009), ("lstm", 5_330_241), ("gru", 4_021_569)]
)
def test_tutorials_networks_have_their_published_parameters(cell: str, parameters: int) -> None:
    """The tutorial's three networks have as many parameters as their articles print."""
    assert make_network(cell=cell, embedding=256, units=1024).parameters == parameters


def test_parameters_of_each_layer_are_the_tutorials() -> None:
    """The SimpleRNN's 1,395,009 are 16,640 + 1,311,744 + 66,625, layer by layer."""
    sizes: dict[str, int] = {}
    network = make_network(cell="rnn", embedding=256, units=1024)
    for path, shape in network.weight_shapes().items():
        layer = path.split("/")[1]
        sizes[layer] = sizes.get(layer, 0) + math.prod(shape)
    assert sizes == {"embedding": 16_640, "simple_rnn": 1_311_744, "dense": 66_625}


@pytest.mark.parametrize(
    ("cell", "name"), [("rnn", "simple_rnn"), ("lstm", "lstm"), ("gru", "gru")]
)
def test_stacked_layers_feed_each_other(cell: str, name: str) -> None:
    """From the second layer on the input is the layer below, and Keras numbers the path."""
    one = make_network(cell=cell, units=7, embedding=5)
    three = make_network(cell=cell, units=7, layers=3)
    added = set(three.weight_shapes()) - set(one.weight_shapes())
    assert {path.split("/")[1] for path in added} == {f"{name}_1", f"{name}_2"}
    for layer in (1, 2):
        kernel = three.weight_shapes()[f"layers/{name}_{layer}/cell/vars/0"]
        recurrent = three.weight_shapes()[f"layers/{name}_{layer}/cell/vars/1"]
        assert kernel == recurrent
        assert kernel[0] == 7


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((make_network, name) for name in ("vocabulary_size", "embedding", "units", "layers")),
        *((TrainingConfig, name) for name in ("seq_length", "batch_size", "epochs")),
    ],
)
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_start_at_one(kind: Any, name: str, value: int) -> None:
    """A size below one is rejected with its name and value."""
    assert reject(kind, **{name: value}) == f"`{name}` must be at least 1, not {value}"


@pytest.mark.parametrize("name", DROPOUTS)
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, math.nan])
def test_dropout_leaves_something(name: str, value: float) -> None:
    """Dropout of everything, or of less than nothing, is rejected by its name; 0 means none."""
    message = f"`{name}` must lie in [0, 1), not {value}"
    assert reject(make_network, **{name: value}) == message
    assert getattr(make_network(**{name: 0.0}), name) == getattr(make_network(), name) == 0


@pytest.mark.parametrize(
    ("kind", "name", "choices"),
    [
        (make_network, "cell", ["rnn", "lstm", "gru"]),
        (TrainingConfig, "order", ["streams", "shuffled"]),
        (TrainingConfig, "state", ["carry", "reset"]),
        (TrainingConfig, "schedule", ["constant", "cosine"]),
        (TrainingConfig, "precision", ["float32", "bfloat16"]),
    ],
)
def test_an_unknown_choice_is_answered_with_the_valid_ones(
    kind: Any, name: str, choices: list[str]
) -> None:
    """The error for a misspelt word names the setting and every word that it could be."""
    message = reject(kind, **{name: "lsmt"})
    assert message == f"unknown `{name}` 'lsmt': choose {', '.join(choices)}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.1),
        ("learning_rate", math.inf),
        ("learning_rate", math.nan),
        ("clip_norm", -1.0),
        ("clip_norm", math.nan),
        ("weight_decay", -0.1),
        ("weight_decay", math.inf),
        ("validation", -0.1),
        ("validation", 1.0),
        ("validation", math.nan),
        ("patience", -1),
        ("seed", -1),
        ("seed", 2**32),  # NumPy, which Keras seeds too, takes no more
    ],
)
def test_training_values_outside_their_range_are_named(name: str, value: float) -> None:
    """A value that can't train is rejected by its name before anything begins."""
    assert reject(TrainingConfig, **{name: value}).startswith(f"`{name}` must ")


@pytest.mark.parametrize("name", ["clip_norm", "weight_decay", "validation", "patience", "seed"])
def test_nought_switches_off(name: str) -> None:
    """If 0 means none, never or nothing special, it is accepted."""
    values: dict[str, Any] = {name: 0}
    assert getattr(TrainingConfig(**values), name) == 0


@pytest.mark.parametrize(
    ("kind", "name", "value", "wanted"),
    [
        (make_network, "units", 7.0, "int"),
        (make_network, "layers", "2", "int"),
        (make_network, "dropout", "0.5", "float"),
        (make_network, "cell", None, "str"),
        (TrainingConfig, "epochs", "3", "int"),
        (TrainingConfig, "epochs", 3.0, "int"),
        (TrainingConfig, "seed", True, "int"),
        (TrainingConfig, "learning_rate", "fast", "float"),
        (TrainingConfig, "clip_norm", None, "float"),
        (TrainingConfig, "clip_norm", True, "float"),
        (TrainingConfig, "order", 1, "str"),
    ],
)
def test_types_are_checked(kind: Any, name: str, value: object, wanted: str) -> None:
    """A value of the wrong type is rejected at once, with its name and the type it must have."""
    assert reject(kind, **{name: value}) == f"`{name}` must be {wanted}, not {value!r}"


def test_a_whole_number_is_a_float_too() -> None:
    """1 will do for 1.0."""
    assert TrainingConfig(clip_norm=1, learning_rate=1).clip_norm == 1


@pytest.mark.parametrize(
    ("order", "state", "stride"),
    list(product(["streams", "shuffled"], ["carry", "reset"], [1, 99, 100, 101, 250])),
)
def test_a_stride_must_make_sense(order: str, state: str, stride: int) -> None:
    """A stride must not skip text, and a carried state needs windows that follow each other."""
    sensible = stride == 100 or (order == "streams" and state == "reset" and stride < 100)
    values: dict[str, Any] = {"order": order, "state": state, "stride": stride}
    if sensible:
        assert TrainingConfig(seq_length=100, **values).window_stride == stride
    else:
        assert "`stride`" in reject(TrainingConfig, seq_length=100, **values)


@pytest.mark.parametrize("order", ["streams", "shuffled"])
@pytest.mark.parametrize("seq_length", [1, 50, 100])
def test_windows_lie_side_by_side_by_default(order: str, seq_length: int) -> None:
    """Without a stride each character is read once, and the state can be carried."""
    assert TrainingConfig(order=order, seq_length=seq_length).window_stride == seq_length


def test_fields_stay_as_they_were_given() -> None:
    """A stride of 0 follows the length of the windows, also in a copy with another length."""
    config = TrainingConfig()
    assert config.stride == 0
    shorter = dataclasses.replace(config, seq_length=50)
    assert (shorter.stride, shorter.window_stride) == (0, 50)
    assert dataclasses.replace(shorter, seq_length=config.seq_length) == config


def test_a_rejected_stride_comes_with_a_way_out() -> None:
    """Each error about a stride says what to do."""
    assert reject(TrainingConfig, stride=50).endswith(": set `state` to reset")
    assert reject(TrainingConfig, stride=-1, state="reset") == "`stride` must be at least 0, not -1"
    assert "use 100 or less" in reject(TrainingConfig, stride=150, state="reset")
    shuffled = reject(TrainingConfig, stride=50, order="shuffled")
    assert "`stride` needs the `order` streams" in shuffled


def test_settings_do_not_change() -> None:
    """The configuration that a network was made with can't be changed afterwards."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_network().units = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kind", "name", "most"),
    [
        (NetworkConfig, "vocabulary_size", 0x110000),
        (NetworkConfig, "embedding", 65_536),
        (NetworkConfig, "units", 65_536),
        (NetworkConfig, "layers", 100),
        (TrainingConfig, "seq_length", 1_000_000),
        (TrainingConfig, "batch_size", 1_000_000),
        (TrainingConfig, "epochs", 50_000),
        (TrainingConfig, "patience", 1_000_000),
    ],
)
def test_sizes_have_an_upper_limit(kind: Any, name: str, most: int) -> None:
    """A size beyond any machine is rejected with its limit, before memory is asked for."""
    values = {"vocabulary_size": 65} if kind is NetworkConfig else {}
    assert getattr(kind(**(values | {name: most})), name) == most
    for value in (most + 1, 10**21):
        message = reject(kind, **(values | {name: value}))
        assert message == f"`{name}` must be at most {most:,}, not {value}"
