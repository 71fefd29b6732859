"""Configurations come back from JSON as they were, and nothing else does."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.config.fields import CELLS, SCHEDULES, from_mapping, read_mapping, select_fields
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from charrnn.errors import CharrnnError

POSITIVE = st.integers(1, 10**6)
FRACTION = st.floats(0, 1, exclude_max=True)

NETWORKS = st.builds(
    NetworkConfig,
    vocabulary_size=POSITIVE,
    cell=st.sampled_from(CELLS),
    embedding=st.integers(1, 2**16),
    units=st.integers(1, 2**16),
    layers=st.integers(1, 9),
    dropout=FRACTION,
    weight_drop=FRACTION,
    embedding_dropout=FRACTION,
    character_dropout=FRACTION,
)
TRAINING_CONFIGS = st.builds(
    TrainingConfig,
    batch_size=POSITIVE,
    epochs=st.integers(1, 50_000),
    learning_rate=st.floats(0, 10, exclude_min=True),
    schedule=st.sampled_from(SCHEDULES),
    clip_norm=st.floats(0, 10),
    weight_decay=st.floats(0, 10),
    validation=FRACTION,
    patience=st.integers(0, 9),
    seed=st.integers(0, 2**32 - 1),
)
NETWORK = NetworkConfig(65)


@dataclass(frozen=True)
class Measured:
    """A dataclass with fields that may be empty."""

    loss: float | None
    epoch: int | None = None
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Named:
    """A dataclass with a text."""

    name: str


@settings(deadline=None)
@given(NETWORKS | TRAINING_CONFIGS)
def test_settings_survive_json(config: NetworkConfig | TrainingConfig) -> None:
    """Settings written as JSON are read as the same settings."""
    text = json.dumps(dataclasses.asdict(config))
    assert from_mapping(type(config), json.loads(text)) == config


@pytest.mark.parametrize("config", [NETWORK, TrainingConfig()])
def test_every_field_is_needed(config: NetworkConfig | TrainingConfig) -> None:
    """A missing field is named, not filled in from a default that may have changed since."""
    values = dataclasses.asdict(config)
    for name in values:
        with pytest.raises(CharrnnError, match=rf"missing or unknown fields: '?{name}'?$"):
            from_mapping(type(config), {k: v for k, v in values.items() if k != name})


def test_unknown_fields_are_named() -> None:
    """A field of another version is not ignored, but named on one line."""
    values = dataclasses.asdict(NETWORK) | {"heads": 8, "two\nlines": 1}
    with pytest.raises(CharrnnError, match="heads") as failure:
        from_mapping(NetworkConfig, values)
    assert "\n" not in str(failure.value)


WRONG: dict[type, list[Any]] = {
    int: [True, 1.0, "1", None, [1], {}],
    float: [True, "0.5", None, [0.5], {}],
    str: [True, 1, 0.5, None, ["lstm"], {}],
}


@pytest.mark.parametrize("config", [NETWORK, TrainingConfig()])
def test_types_are_checked(config: NetworkConfig | TrainingConfig) -> None:
    """A value of another type than its field's, a bool for a number too, is rejected by name."""
    values = dataclasses.asdict(config)
    for name, value in values.items():
        for wrong in WRONG[type(value)]:
            with pytest.raises(CharrnnError, match=rf"the setting {name} "):
                from_mapping(type(config), values | {name: wrong})


def test_whole_numbers_are_floats_too() -> None:
    """JSON's 1 is as good as 1.0 for a fraction."""
    values = dataclasses.asdict(TrainingConfig()) | {"clip_norm": 1, "learning_rate": 1}
    assert from_mapping(TrainingConfig, values).clip_norm == 1


@pytest.mark.parametrize("loss", [None, 2, 2.5])
@pytest.mark.parametrize("epoch", [None, 3])
def test_a_field_that_may_be_empty_takes_what_its_type_takes(
    loss: float | None, epoch: int | None
) -> None:
    """A `float | None` is None, a float or a whole number."""
    values = {"loss": loss, "epoch": epoch, "sizes": [1, 2]}
    assert from_mapping(Measured, values) == Measured(loss, epoch, (1, 2))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("loss", "2"),
        ("loss", True),
        ("loss", [2.5]),
        ("epoch", 2.5),
        ("epoch", False),
        ("sizes", 3),
        ("sizes", None),
        ("sizes", [1, "2"]),
        ("sizes", [1, 2.5]),
        ("sizes", [True]),
        ("sizes", [[1]]),
    ],
)
def test_a_field_that_may_be_empty_takes_nothing_else(name: str, wrong: object) -> None:
    """A text or a bool is no number, nor does a whole number's field take a fraction."""
    with pytest.raises(CharrnnError, match=rf"the setting {name} has an unexpected value"):
        from_mapping(Measured, {"loss": None, "epoch": None, "sizes": []} | {name: wrong})


@pytest.mark.parametrize("value", [10**400, -(10**20), 2**63])
def test_integers_of_more_than_64_bits_are_rejected(value: int) -> None:
    """A file's giant integer overflows nothing later, whether an integer or a float is due."""
    for name in ("loss", "epoch", "sizes"):
        given = [1, value] if name == "sizes" else value
        with pytest.raises(CharrnnError, match=rf"the setting {name} has an unexpected value"):
            from_mapping(Measured, {"loss": None, "epoch": None, "sizes": []} | {name: given})


def test_half_characters_are_rejected() -> None:
    """A lone surrogate, which no UTF-8 file can hold, is found before anything is written."""
    values = {"name": "caf\u00e9 \U0001f600"}
    assert from_mapping(Named, values).name == values["name"]
    with pytest.raises(CharrnnError, match="the setting name has an unexpected value"):
        from_mapping(Named, {"name": "half \ud83d"})


def test_values_from_a_file_are_checked_for_their_range() -> None:
    """Settings out of range are rejected whichever way they come."""
    values = dataclasses.asdict(NETWORK)
    with pytest.raises(CharrnnError, match="`units` must be at least 1"):
        from_mapping(NetworkConfig, values | {"units": 0})


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        (ClassifierConfig, ClassifierConfig(units=(3, 4), dense=5), "pooling"),
        (ReviewTraining, ReviewTraining(epochs=7), "folds"),
        (NetworkConfig, NetworkConfig(9, units=3), "weight_drop"),
    ],
)
def test_what_was_written_before_a_field_existed_is_read(
    kind: type[Any], config: Any, field: str
) -> None:
    """A file without a later field is read with the field's default; an unknown field is not."""
    values = dataclasses.asdict(config)
    del values[field]
    assert read_mapping(kind, values) == config
    with pytest.raises(CharrnnError, match=field):
        from_mapping(kind, values)
    with pytest.raises(CharrnnError, match="colour"):
        read_mapping(kind, values | {"colour": 1})
    with pytest.raises(CharrnnError, match="unexpected value"):
        read_mapping(kind, values | {next(iter(values)): True})


def test_fields_are_selected_by_their_names() -> None:
    """Of a mapping only the values of a dataclass's own fields are taken."""
    values = {"units": 3, "epochs": 2, "heads": 8}
    assert select_fields(NetworkConfig, values) == {"units": 3}
    assert select_fields(TrainingConfig, values) == {"epochs": 2}
