"""The network that a new run begins with: where it is found, and how it is introduced."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from charrnn.data.vocabulary import Vocabulary
from charrnn.errors import CheckpointError, UsageError
from charrnn.planning.origin import find_origin
from charrnn.planning.transfer import grow_vocabulary
from charrnn.runs.checkpoint import read_checkpoint
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe
from charrnn.runs.run import Run
from tests.support.kinds import LANGUAGE_RECIPE
from tests.support.messages import catch_message
from tests.support.networks import MakeRun

RUNS = Path("checkpoints")
TEXT = Vocabulary.of("abcdefgh éü\n")


def test_sizes_are_those_of_the_network(make_run: MakeRun) -> None:
    """What decides the shape of weights comes from the network; dropout is free."""
    make_run("old", cell="gru", layers=2, dropout=0.25)
    sizes = {"cell": "gru", "embedding": 5, "units": 7, "layers": 2}
    assert find_origin("old", {"dropout": 0.5}, RUNS).sizes == sizes


def test_a_run_may_have_a_texts_name(make_run: MakeRun) -> None:
    """A run is found even if a text of its name lies in the working folder."""
    path = make_run("novel.txt")
    Path("novel.txt").write_text("abc", encoding="utf-8")
    origin = find_origin("novel.txt", {}, RUNS)
    assert origin.name == "novel.txt, epoch 1"
    weights = read_checkpoint(path).weights
    assert all(np.array_equal(origin.checkpoint.weights[name], weights[name]) for name in weights)


def test_a_run_without_a_finished_epoch(make_run: MakeRun) -> None:
    """A run can also begin with what an interrupted epoch left."""
    path = make_run("old", step=40)
    path.rename(Run(path.parent, LANGUAGE).interrupted_file)
    assert find_origin("old", {}, RUNS).name == "old, stopped at step 40 of 172 of epoch 1"


def test_a_file_is_named_by_its_absolute_path(make_run: MakeRun, tmp_path: Path) -> None:
    """A file's name means the same from every folder."""
    make_run("old").rename("gift.weights.h5")
    assert find_origin("gift.weights.h5", {}, RUNS).name == str(tmp_path / "gift.weights.h5")


def test_growing_keeps_name_and_adds_characters(make_run: MakeRun) -> None:
    """The grown network is that of `grow_vocabulary`; the new characters are the text's own."""
    path = make_run("old")
    grown = find_origin("old", {}, RUNS).grow(TEXT)
    expected = grow_vocabulary(read_checkpoint(path), TEXT)
    assert (grown.name, grown.new) == ("old, epoch 1", "éü")
    assert grown.checkpoint.vocabulary.to_values() == expected.vocabulary.to_values()
    for name, values in expected.weights.items():
        np.testing.assert_array_equal(grown.checkpoint.weights[name], values)


@pytest.mark.parametrize(
    ("known", "news"),
    [
        ("\n abcdefghéü", "no character is new"),
        ("\n abcdefghü", "1 character is new: 'é'"),
        ("é", "11 characters are new: '\\n' ' ' 'a' 'b' 'c' 'd' 'e' 'f' 'g' 'h' and 1 more"),
    ],
)
def test_new_characters_are_listed(make_run: MakeRun, known: str, news: str) -> None:
    """The introduction says how many characters are new, and the first of them."""
    make_run("old", characters=known)
    origin = find_origin("old", {}, RUNS).grow(TEXT)
    assert origin.introduce() == f"begins with old, epoch 1; {news}"


def test_settings_of_another_network_are_rejected(make_run: MakeRun) -> None:
    """They are named by their keywords, in the order of the alphabet."""
    make_run("old")
    given = {"units": 7, "dropout": 0.5, "cell": "lstm"}
    message = catch_message(UsageError, lambda: find_origin("old", given, RUNS))
    assert message == "the network is that of old: leave out `cell`, `units`"


def test_a_text_is_no_origin() -> None:
    """A text's file is not mistaken for a run."""
    Path("novel.txt").write_text("abc", encoding="utf-8")
    message = catch_message(CheckpointError, lambda: find_origin("novel.txt", {}, RUNS))
    assert message.startswith("novel.txt is no .weights.h5 file: ")


def test_recipes_remember_their_origin() -> None:
    """A resume file holds what its run began with; an older one, which doesn't, can be read."""
    recipe = dataclasses.replace(LANGUAGE_RECIPE, begun_from="old, epoch 1")
    values = recipe.to_values()
    assert LanguageRecipe.from_values(values).begun_from == "old, epoch 1"
    del values["begun_from"]
    assert LanguageRecipe.from_values(values).begun_from == ""
