"""Settings are checked where they are made, and come back from JSON as they were."""

import dataclasses
import json
import math
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.fields import CELLS, SCHEDULES, from_mapping
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.errors import CharrnnError, UsageError

TUTORIAL = {"vocabulary_size": 65, "embedding": 256, "units": 1024}
POSITIVE = st.integers(1, 10**6)
FRACTION = st.floats(0, 1, exclude_max=True)

NETWORKS = st.builds(
    NetworkConfig,
    vocabulary_size=POSITIVE,
    cell=st.sampled_from(CELLS),
    embedding=POSITIVE,
    units=POSITIVE,
    layers=st.integers(1, 9),
    dropout=FRACTION,
    weight_drop=FRACTION,
    embedding_dropout=FRACTION,
)
TRAININGS = st.builds(
    TrainingConfig,
    batch_size=POSITIVE,
    epochs=POSITIVE,
    learning_rate=st.floats(0, 10, exclude_min=True),
    schedule=st.sampled_from(SCHEDULES),
    clip_norm=st.floats(0, 10),
    weight_decay=st.floats(0, 10),
    validation=FRACTION,
    patience=st.integers(0, 9),
    seed=st.integers(0, 2**32 - 1),
)


def network(**changes: Any) -> NetworkConfig:
    return NetworkConfig(**({"vocabulary_size": 65} | changes))


def complaint(kind: Any, **values: Any) -> str:
    with pytest.raises(UsageError) as failure:
        kind(**values)
    assert "\n" not in str(failure.value)
    return str(failure.value)


@pytest.mark.parametrize(
    ("cell", "parameters"), [("rnn", 1_395_009), ("lstm", 5_330_241), ("gru", 4_021_569)]
)
def test_tutorials_networks_have_their_published_parameters(cell: str, parameters: int) -> None:
    """The tutorial's three networks have as many parameters as their articles print."""
    assert network(cell=cell, embedding=256, units=1024).parameters == parameters


def test_parameters_of_each_layer_are_the_tutorials() -> None:
    """The SimpleRNN's 1,395,009 are 16,640 + 1,311,744 + 66,625, layer by layer."""
    sizes: dict[str, int] = {}
    for path, shape in network(cell="rnn", embedding=256, units=1024).weight_shapes().items():
        layer = path.split("/")[1]
        sizes[layer] = sizes.get(layer, 0) + math.prod(shape)
    assert sizes == {"embedding": 16_640, "simple_rnn": 1_311_744, "dense": 66_625}


@pytest.mark.parametrize(
    ("cell", "name"), [("rnn", "simple_rnn"), ("lstm", "lstm"), ("gru", "gru")]
)
def test_stacked_layers_feed_each_other(cell: str, name: str) -> None:
    """From the second layer on the input is the layer below, and Keras numbers the path."""
    one, three = network(cell=cell, units=7, embedding=5), network(cell=cell, units=7, layers=3)
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
        *((network, name) for name in ("vocabulary_size", "embedding", "units", "layers")),
        *((TrainingConfig, name) for name in ("seq_length", "batch_size", "epochs")),
    ],
)
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_start_at_one(kind: Any, name: str, value: int) -> None:
    """A size below one is refused with its name and value."""
    name_as_said = name.replace("_", " ")
    assert complaint(kind, **{name: value}) == f"{name_as_said} must be at least 1, not {value}"


@pytest.mark.parametrize("name", ["dropout", "weight_drop", "embedding_dropout"])
@pytest.mark.parametrize("value", [-0.1, 1, 1.5, math.nan])
def test_dropout_leaves_something(name: str, value: float) -> None:
    """A dropout of everything, or of less than nothing, is refused by its name; none is none."""
    said = f"{name.replace('_', ' ')} must lie in [0, 1), not {value}"
    assert complaint(network, **{name: value}) == said
    assert getattr(network(**{name: 0.0}), name) == getattr(network(), name) == 0


@pytest.mark.parametrize(
    ("kind", "name", "choices"),
    [
        (network, "cell", ["rnn", "lstm", "gru"]),
        (TrainingConfig, "order", ["streams", "shuffled"]),
        (TrainingConfig, "state", ["carry", "reset"]),
        (TrainingConfig, "schedule", ["constant", "cosine"]),
    ],
)
def test_unknown_choice_is_answered_with_the_valid_ones(
    kind: Any, name: str, choices: list[str]
) -> None:
    """A misspelt word is met with every word that would have done."""
    message = complaint(kind, **{name: "lsmt"})
    assert "'lsmt'" in message
    assert all(choice in message for choice in choices)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("learning_rate", 0.0, "learning rate"),
        ("learning_rate", -0.1, "learning rate"),
        ("learning_rate", math.inf, "learning rate"),
        ("learning_rate", math.nan, "learning rate"),
        ("clip_norm", -1.0, "clip norm"),
        ("clip_norm", math.nan, "clip norm"),
        ("weight_decay", -0.1, "weight decay"),
        ("weight_decay", math.inf, "weight decay"),
        ("validation", -0.1, "validation"),
        ("validation", 1.0, "validation"),
        ("validation", math.nan, "validation"),
        ("patience", -1, "patience"),
        ("seed", -1, "seed"),
        ("seed", 2**32, "seed"),  # NumPy, which Keras seeds too, takes no more
    ],
)
def test_training_values_outside_their_range_are_named(name: str, value: float, said: str) -> None:
    """A value that can't train is refused by its name before anything begins."""
    assert said in complaint(TrainingConfig, **{name: value})


@pytest.mark.parametrize("name", ["clip_norm", "weight_decay", "validation", "patience", "seed"])
def test_nought_switches_off(name: str) -> None:
    """Where 0 means none, never or nothing special, it is accepted."""
    values: dict[str, Any] = {name: 0}
    assert getattr(TrainingConfig(**values), name) == 0


@pytest.mark.parametrize(
    ("order", "state", "stride"),
    list(product(["streams", "shuffled"], ["carry", "reset"], [1, 99, 100, 101, 250])),
)
def test_stride_must_make_sense(order: str, state: str, stride: int) -> None:
    """A stride must not skip text, and a carried state needs windows that follow each other."""
    sensible = stride == 100 or (order == "streams" and state == "reset" and stride < 100)
    values: dict[str, Any] = {"order": order, "state": state, "stride": stride}
    if sensible:
        assert TrainingConfig(seq_length=100, **values).stride == stride
    else:
        assert "stride" in complaint(TrainingConfig, seq_length=100, **values)


@pytest.mark.parametrize("seq_length", [1, 50, 100])
def test_windows_lie_side_by_side_where_nothing_is_said(seq_length: int) -> None:
    """Without a stride each character is read once, and the state can be carried."""
    assert TrainingConfig(seq_length=seq_length).stride == seq_length


def test_senseless_strides_are_told_what_to_do() -> None:
    """Each refusal of a stride names the way out."""
    assert "--state reset" in complaint(TrainingConfig, stride=50)
    assert "stride must be" in complaint(TrainingConfig, stride=-1, state="reset")
    assert "use 100 or less" in complaint(TrainingConfig, stride=150, state="reset")
    assert "--order streams" in complaint(TrainingConfig, stride=50, order="shuffled")


def test_settings_do_not_change() -> None:
    """What a network was made with stays what it was."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        network().units = 3  # type: ignore[misc]


@settings(deadline=None)
@given(NETWORKS | TRAININGS)
def test_settings_survive_json(config: NetworkConfig | TrainingConfig) -> None:
    """Settings written as JSON are read as the same settings."""
    text = json.dumps(dataclasses.asdict(config))
    assert from_mapping(type(config), json.loads(text)) == config


@pytest.mark.parametrize("config", [network(), TrainingConfig()])
def test_every_field_must_be_there(config: NetworkConfig | TrainingConfig) -> None:
    """A missing field is not filled in from a default that may have changed since; it is named."""
    values = dataclasses.asdict(config)
    for name in values:
        with pytest.raises(CharrnnError, match=rf"missing or unknown fields: '?{name}'?$"):
            from_mapping(type(config), {k: v for k, v in values.items() if k != name})


def test_unknown_fields_are_named() -> None:
    """A field of another version is not passed over, but named on one line."""
    values = dataclasses.asdict(network()) | {"heads": 8, "two\nlines": 1}
    with pytest.raises(CharrnnError, match="heads") as failure:
        from_mapping(NetworkConfig, values)
    assert "\n" not in str(failure.value)


WRONG: dict[type, list[Any]] = {
    int: [True, 1.0, "1", None, [1], {}],
    float: [True, "0.5", None, [0.5], {}],
    str: [True, 1, 0.5, None, ["lstm"], {}],
}


@pytest.mark.parametrize("config", [network(), TrainingConfig()])
def test_types_are_checked(config: NetworkConfig | TrainingConfig) -> None:
    """A value of another type than its field's, a bool for a number too, is refused by name."""
    values = dataclasses.asdict(config)
    for name, value in values.items():
        for wrong in WRONG[type(value)]:
            with pytest.raises(CharrnnError, match=rf"the setting {name} "):
                from_mapping(type(config), values | {name: wrong})


def test_whole_numbers_are_floats_too() -> None:
    """JSON's 1 is as good as 1.0 where a fraction may stand."""
    values = dataclasses.asdict(TrainingConfig()) | {"clip_norm": 1, "learning_rate": 1}
    assert from_mapping(TrainingConfig, values).clip_norm == 1


def test_values_from_a_file_are_checked_for_their_range() -> None:
    """Settings out of range are refused whichever way they come."""
    values = dataclasses.asdict(network())
    with pytest.raises(CharrnnError, match="units must be at least 1"):
        from_mapping(NetworkConfig, values | {"units": 0})
