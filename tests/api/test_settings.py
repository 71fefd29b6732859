"""Keywords: every option of the command line is one, and each value is checked."""

import re
from collections.abc import Callable
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any, get_type_hints

import click
import numpy as np
import pytest

import charrnn
from charrnn.api.settings import read_settings
from charrnn.cli.classify.train import train as classify_train
from charrnn.cli.train import train as train_command
from charrnn.config.language import NetworkConfig, TrainingConfig
from charrnn.config.presets import LANGUAGE_PRESETS, REVIEW_PRESETS
from charrnn.config.reviews import ClassifierConfig, ReviewTraining
from tests.support.commands import invoke

COMMANDS_OWN = {"as_json", "verbose", "quiet", "sample_every", "prompt", "dry_run"}
PYTHONS_OWN = {"text", "on_epoch", "on_note"}
OTHER_NAMES = {"model": "preset"}
"""Options of a command whose keyword is another."""

FIXED = "`units` can't change on a resume: start a new run for that"
KEPT = "`resume` keeps the run's name and settings: leave out"
NO_TABLE = "`text_column` and `label_column` are for a table: give it as `data`"
NOT_BORROWED = "`frozen_epochs` is for a borrowed embedding: give `embedding_from`"
REPEATED = "`layers` repeats one size of `units`: give the one or the other"


@pytest.mark.parametrize(
    ("command", "function", "settings"),
    [
        (train_command, charrnn.train, charrnn.LanguageSettings),
        (classify_train, charrnn.train_classifier, charrnn.ReviewSettings),
    ],
)
def test_every_option_is_a_keyword(
    command: click.Command, function: Callable[..., object], settings: type
) -> None:
    """What the command line can set, Python can set by the same name, and nothing else."""
    options = {str(parameter.name) for parameter in command.params} - COMMANDS_OWN
    keywords = {*signature(function).parameters, *settings.__annotations__} - {"settings"}
    assert {OTHER_NAMES.get(name, name) for name in options} == keywords - PYTHONS_OWN


@pytest.mark.parametrize(
    ("settings", "configurations", "others"),
    [
        (charrnn.LanguageSettings, (NetworkConfig, TrainingConfig), set()),
        (
            charrnn.ReviewSettings,
            (ClassifierConfig, ReviewTraining),
            {"units", "layers", "max_words"},
        ),
    ],
)
def test_types_are_those_of_the_configurations(
    settings: type, configurations: tuple[Any, ...], others: set[str]
) -> None:
    """A type checker accepts a setting if and only if the program does."""
    types = {field.name: field.type for kind in configurations for field in fields(kind)}
    for name, kind in get_type_hints(settings).items():
        assert name in others or types[name] is kind, name


@pytest.mark.parametrize("settings", [charrnn.LanguageSettings, charrnn.ReviewSettings])
def test_every_setting_is_explained(settings: type) -> None:
    """The docstring, which docs/api.md shows, has a line for each setting, in their order."""
    lines = re.findall(r"^ {8}(\w+): ", settings.__doc__ or "", re.MULTILINE)
    assert lines == [*settings.__annotations__]


def test_every_preset_of_a_language_model_is_named() -> None:
    """The docstring of `train` names the presets that there are."""
    assert all(f'"{preset}"' in (charrnn.train.__doc__ or "") for preset in LANGUAGE_PRESETS)


def test_presets_named_as_examples_exist() -> None:
    """The docstring of `train_classifier` names presets that there are."""
    (line,) = re.findall(
        r"preset: (.*?)\n {8}text_column", charrnn.train_classifier.__doc__ or "", re.DOTALL
    )
    named = re.findall('"(.*?)"', line)
    assert len(named) > 2
    assert {*named} <= {*REVIEW_PRESETS}


def test_numbers_of_numpy_count_as_pythons() -> None:
    """`units=np.int64(64)` and `units=np.array([64, 32])` are what they look like."""
    given = {"units": np.array([64, 32]), "epochs": np.int64(3), "dropout": np.float32(0.5)}
    settings = read_settings(given, charrnn.ReviewSettings, charrnn.train_classifier)
    assert settings == {"units": (64, 32), "epochs": 3, "dropout": 0.5}
    assert [type(value) for value in settings.values()] == [tuple, int, float]
    assert type(settings["units"][0]) is int


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": 5}, "no setting `unit`: did you mean `units`?"),
        ({"checkpoint": "here"}, "no setting `checkpoint`: did you mean `checkpoints`?"),
        (
            {"rate": 0.1},
            f"no setting `rate`: choose from {', '.join(charrnn.LanguageSettings.__annotations__)}",
        ),
        ({"units": "5"}, "`units` must be int, not '5'"),
        ({"units": [64, 32]}, "`units` must be int, not (64, 32)"),
        ({"epochs": 2.0}, "`epochs` must be int, not 2.0"),
        ({"epochs": True}, "`epochs` must be int, not True"),
        ({"epochs": None}, "`epochs` must be int, not None"),
        ({"epochs": 0}, "`epochs` must be at least 1, not 0"),
        ({"seed": 2**32}, "`seed` must lie in [0, 2^32)"),
        ({"cell": "LSTM"}, "unknown `cell` 'LSTM': choose rnn, lstm, gru"),
        ({"preset": "best"}, "unknown `preset` 'best': choose minute, quick, default, tutorial"),
        ({"preset": 5}, "`preset` must be str, not int"),
        ({"budget": "5"}, "`budget` must be float, not str"),
        ({"budget": 0}, "`budget` must be minutes above 0 and at most 525,600, which is a year"),
        ({"budget": 5, "epochs": 2}, "`budget` chooses the epochs: leave out `epochs`"),
        ({"run": Path("novel")}, "`run` must be str, not PosixPath"),
        ({"on_epoch": "print"}, "`on_epoch` must be a function, not str"),
        ({"on_note": 1}, "`on_note` must be a function, not int"),
        ({"checkpoints": 1}, "`checkpoints` must be a name or a path, not int"),
        ({"from_": b"novel"}, "`from_` must be a name or a path, not bytes"),
        ({"text": b"some bytes"}, "`text` must be str, not bytes"),
        ({"corpus": b"novel.txt"}, "`corpus` must be a name or a path, not bytes"),
        ({"corpus": "novel.txt", "text": "a text"}, "give `corpus` or `text`, not both"),
        ({"corpus": "It was.\n"}, "`corpus` is a name or a path: give a text itself as `text`"),
        ({"corpus": "It was " * 50}, "`corpus` is a name or a path: give a text itself as `text`"),
        (
            {"resume": "novel", "run": "other", "budget": 5, "preset": "quick", "from_": "older"},
            f"{KEPT} `run`, `preset`, `budget`, `from_`",
        ),
        (
            {"resume": "novel", "units": 5},
            "`units` can't change on a resume: start a new run for that",
        ),
    ],
)
def test_train_rejects(arguments: dict[str, Any], message: str) -> None:
    """A wrong argument is rejected in words before a text is read, whatever its type."""
    with pytest.raises(charrnn.CharrnnError) as error:
        charrnn.train(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": 5}, "no setting `unit`: did you mean `units`?"),
        ({"units": 0}, "`units` must be at least 1"),
        ({"units": [64, 0]}, "`units` must be at least 1"),
        ({"units": []}, "`units` must be a number, or one for each layer"),
        ({"units": "64,32"}, "`units` must be a number, or one for each layer"),
        ({"units": True}, "`units` must be a number, or one for each layer"),
        ({"layers": 0}, "`layers` must be at least 1, not 0"),
        ({"layers": 1.5}, "`layers` must be int, not float"),
        ({"max_words": "5"}, "`max_words` must be int, not str"),
        ({"max_words": 3}, "`max_words` must be above 4"),
        ({"mask": 1}, "`mask` must be bool, not 1"),
        (
            {"units": [64, 32], "layers": 2},
            REPEATED,
        ),
        ({"data": 5}, "`data` must be a path or a list of paths, not int"),
        ({"data": [5]}, "`data` must be a name or a path, not int"),
        (
            {"text_column": "body"},
            NO_TABLE,
        ),
        (
            {"frozen_epochs": 1},
            NOT_BORROWED,
        ),
        ({"preset": ["lstm-32"]}, "`preset` must be str, not list"),
        (
            {"resume": "mine", "run": "other", "preset": "lstm-32", "embedding_from": "words"},
            f"{KEPT} `run`, `preset`, `embedding_from`",
        ),
        (
            {"resume": "mine", "units": 5},
            "`units` can't change on a resume: start a new run for that",
        ),
    ],
)
def test_train_classifier_rejects(arguments: dict[str, Any], message: str) -> None:
    """A wrong argument is rejected in words before reviews are read, whatever its type."""
    with pytest.raises(charrnn.CharrnnError) as error:
        charrnn.train_classifier(**arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "arguments",
    [
        {"corpus": "nowhere.txt"},
        {"stride": 30, "seq_length": 20},
        {"stride": 30, "order": "shuffled"},
        {"budget": 5, "epochs": 2},
        {"run": ".hidden"},
        {"from_": "nowhere"},
        {"from_": "nowhere", "units": 5},
        {"resume": "nowhere"},
        {"resume": "nowhere", "seed": 1},
    ],
    ids=str,
)
def test_errors_are_the_commands(arguments: dict[str, Any]) -> None:
    """Python and the command line reject the same things in the same words but for the keywords."""
    with pytest.raises(charrnn.CharrnnError) as error:
        charrnn.train(**arguments)
    values = {name: str(value) for name, value in arguments.items()}
    words = [values.pop("corpus")] if "corpus" in values else []
    for name, value in values.items():
        words += ["--" + name.strip("_").replace("_", "-"), value]
    result = invoke("train", *words)
    assert result.exit_code == error.value.exit_code
    message = re.sub(
        r"`(\w+?)_?`", lambda match: "--" + match[1].replace("_", "-"), str(error.value)
    )
    assert result.stderr.startswith(f"charrnn: {message}")


def test_several_texts_and_how_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of names and paths, and what a folder's files are read by, reach the plan."""
    asked: list[Any] = []

    def plan(*given: object) -> None:
        asked.extend(given[:2])
        raise charrnn.CharrnnError("planned")

    monkeypatch.setattr("charrnn.api.language.plan_run", plan)
    how: dict[str, Any] = {"glob": ["*.md", "*.txt"], "separator": "--", "encoding": "latin1"}
    how |= {"newlines": "unix", "clean": True, "text_column": "body"}
    with pytest.raises(charrnn.CharrnnError, match="planned"):
        charrnn.train(["a.txt", Path("letters"), "~/b.txt"], **how)
    texts, request = asked
    assert texts == ("a.txt", "letters", str(Path.home() / "b.txt"))
    assert vars(request.reading) == {
        "glob": ("*.md", "*.txt"),
        "separator": "--",
        "encoding": "iso8859-1",
        "newlines": "unix",
        "clean": True,
        "text_column": "body",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"glob": [3]}, "`glob` must be a pattern or a list of them, not int"),
        ({"glob": []}, "`glob` is empty: give a pattern such as *.txt"),
        ({"glob": ""}, "`glob` is empty: give a pattern such as *.txt"),
        ({"newlines": "dos"}, "unknown `newlines` 'dos': choose keep, unix"),
        ({"clean": 1}, "`clean` must be bool, not int"),
        ({"text_column": 3}, "`text_column` must be str, not int"),
        ({"separator": 3}, "`separator` must be str, not int"),
        ({"separator": "\ud83d"}, "`separator` has half a character: give whole ones"),
        ({"corpus": [3]}, "`corpus` must be a name or a path, not int"),
        ({"text": "abc", "glob": "*"}, "`glob` is for text files: leave it out"),
        ({"resume": "", "glob": "*", "separator": "x"}, f"{KEPT} `glob`, `separator`"),
    ],
)
def test_how_texts_are_read_is_checked(arguments: dict[str, Any], message: str) -> None:
    """What can't be used is rejected in words before a text is read."""
    with pytest.raises(charrnn.CharrnnError) as error:
        charrnn.train(**arguments)
    assert str(error.value) == message
