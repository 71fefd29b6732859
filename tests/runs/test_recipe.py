"""Recipes: what a run is defined by goes to JSON and comes back."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.data.byte_vocabulary import ByteVocabulary
from charrnn.data.reading import Reading
from charrnn.data.sources import Source
from charrnn.data.subwords import Subwords
from charrnn.errors import CharrnnError, UsageError
from charrnn.runs.checkpoint import Checkpoint, Classifier, Provenance, WordModel
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.recipe import LanguageRecipe, ReviewRecipe, WordRecipe
from tests.support.kinds import LANGUAGE_RECIPE, RECIPES, REVIEW_RECIPE, WORD_RECIPE

Recipe = LanguageRecipe | ReviewRecipe | WordRecipe
PARTS = {"vocabulary", "encoder"}
LONG = "x" * 5_000


def write_and_read(recipe: Recipe) -> Recipe:
    return type(recipe).from_values(json.loads(json.dumps(recipe.to_values())))


def name_value(value: object) -> str:
    return repr(value)[:30]


def get_parts(recipe: Recipe) -> str | list[Any]:
    """What a recipe's vocabulary or encoder holds; they are not compared by their content."""
    if isinstance(recipe, LanguageRecipe):
        return recipe.vocabulary.to_values()
    return recipe.encoder.to_values()


def assert_equal(found: Recipe, recipe: Recipe) -> None:
    assert type(found) is type(recipe)
    for name in set(vars(recipe)) - PARTS:
        assert getattr(found, name) == getattr(recipe, name), name
    assert get_parts(found) == get_parts(recipe)


@pytest.mark.parametrize("recipe", [REVIEW_RECIPE, WORD_RECIPE], ids=["reviews", "words"])
def test_an_encoding_is_one_of_texts(recipe: ReviewRecipe | WordRecipe) -> None:
    """An older run's text is in UTF-8; what a stranger writes is checked when it is read."""
    values = json.loads(json.dumps(recipe.to_values()))
    old = {name: value for name, value in values.items() if name != "encoding"}
    assert recipe.from_values(old).encoding == "utf-8"
    other = recipe.from_values(values | {"encoding": "cp1252"})
    assert other.encoding == other.to_values()["encoding"] == "cp1252"
    with pytest.raises(UsageError, match="`encoding` can't be 'zip'"):
        recipe.from_values(values | {"encoding": "zip"})


def test_an_older_run_has_one_source() -> None:
    """A run that was written when a corpus was one file or string is read like a new one."""
    values = json.loads(json.dumps(LANGUAGE_RECIPE.to_values()))
    del values["sources"], values["reading"]
    values |= {"source": "/a/b.txt", "encoding": "cp1252"}
    recipe = LanguageRecipe.from_values(values)
    assert recipe.sources == (Source("/a/b.txt", recipe.corpus_sha256),)
    assert recipe.reading == Reading(encoding="cp1252")
    del values["encoding"]
    recipe = LanguageRecipe.from_values(values | {"source": ""})
    assert (recipe.sources, recipe.reading) == ((), Reading())


@pytest.mark.parametrize(
    "change",
    [
        {"reading": {"encoding": "zip"}},
        {"reading": {"glob": []}},
        {"reading": {"glob": "*.txt"}},
        {"reading": {"separator": 3}},
        {"reading": {"newlines": "dos"}},
        {"reading": {"clean": 1}},
        {"reading": {"unknown": 3}},
        {"reading": 3},
        {"vocabulary": {"bytes": True}},
        {"vocabulary": "aä水f"},
        {"min_count": 0},
        {"min_count": True},
        {"min_count": "2"},
        {"sources": 3},
        {"sources": [3]},
        {"sources": ["ab"]},
        {"sources": [["a", 3]]},
        {"sources": [["a" * 5000, "b"]]},
        {"sources": [["a", "b", "c"]]},
    ],
    ids=name_value,
)
def test_how_a_stranger_reads_is_checked(change: dict[str, object]) -> None:
    """What can't be sources, or a way to read them, is an error like any damage."""
    values = json.loads(json.dumps(LANGUAGE_RECIPE.to_values()))
    with pytest.raises((CharrnnError, ValueError, TypeError, KeyError)):
        LanguageRecipe.from_values(values | change)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_recipe_survives_json(kind: Kind) -> None:
    """A recipe written as JSON is read as the same recipe, with its vocabulary or encoder."""
    assert_equal(write_and_read(RECIPES[kind]), RECIPES[kind])


def test_bytes_survive_json() -> None:
    """A vocabulary of bytes comes back as one, and splits a text where its characters are split."""
    network = replace(LANGUAGE_RECIPE.network, vocabulary_size=256)
    recipe = replace(LANGUAGE_RECIPE, network=network, vocabulary=ByteVocabulary())
    again = LanguageRecipe.from_values(json.loads(json.dumps(recipe.to_values())))
    assert again == recipe
    ids = again.vocabulary.encode("aä水🙂")
    assert [again.vocabulary.decode(part) for part in again.split(ids)] == ["aä水", "🙂"]
    checkpoint = again.make_checkpoint(Provenance("test", "0" * 64, 1, 2.5, None), {})
    assert checkpoint.provenance.describe_loss() == "training loss 2.5000 per byte"


def test_subwords_survive_json() -> None:
    """An encoder of subwords comes back as one of subwords."""
    texts = ["the film is a good film, a great film"] * 4
    network = replace(REVIEW_RECIPE.network, tokens="subwords", vocabulary_size=300)
    recipe = replace(REVIEW_RECIPE, network=network, encoder=Subwords.learn(texts, 300))
    found = write_and_read(recipe)
    assert isinstance(found, ReviewRecipe)
    assert_equal(found, recipe)
    assert found.encoder.encode_batch(texts[:1])[0].tolist() == (
        recipe.encoder.encode_batch(texts[:1])[0].tolist()
    )


@pytest.mark.parametrize("recipe", [REVIEW_RECIPE, WORD_RECIPE], ids=["reviews", "words"])
def test_columns_are_written_only_if_they_were_chosen(recipe: ReviewRecipe | WordRecipe) -> None:
    """Without columns of a table the values are those from before columns could be chosen."""
    plain = replace(recipe, text_column="", label_column="")
    values = plain.to_values()
    assert not {"text_column", "label_column"} & {*values}
    assert_equal(write_and_read(plain), plain)
    chosen = replace(recipe, text_column="a", label_column="b").to_values()
    assert (chosen["text_column"], chosen["label_column"]) == ("a", "b")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("wrong", [None, 5, True, 0.5, ["a"], {"a": "b"}, LONG], ids=name_value)
def test_a_string_is_a_string(kind: Kind, wrong: object) -> None:
    """What names a file or a run must be a string of a path's length, in each field."""
    values = json.loads(json.dumps(RECIPES[kind].to_values()))
    for name in (name for name, value in values.items() if isinstance(value, str)):
        if name not in PARTS:
            with pytest.raises(ValueError, match=f"^{name} is no short string$"):
                RECIPES[kind].from_values(values | {name: wrong})


@pytest.mark.parametrize(
    "wrong", ["/dev/zero", 5, None, [5], [["a"]], {"a": 1}, [LONG]], ids=name_value
)
@pytest.mark.parametrize("recipe", [REVIEW_RECIPE, WORD_RECIPE], ids=["reviews", "words"])
def test_sources_are_paths(recipe: ReviewRecipe | WordRecipe, wrong: object) -> None:
    """Where reviews come from is a list of strings, not a string or anything else."""
    values = recipe.to_values()
    with pytest.raises(ValueError, match=r"^the sources are not a list of paths$"):
        recipe.from_values(values | {"sources": wrong})


@pytest.mark.parametrize(
    ("kind", "checkpoint"),
    [(LANGUAGE, Checkpoint), (CLASSIFIER, Classifier), (WORD_MODEL, WordModel)],
    ids=["language model", "classifier", "word model"],
)
def test_a_recipe_makes_its_kind_of_checkpoint(
    kind: Kind, checkpoint: type[Checkpoint | Classifier | WordModel]
) -> None:
    """A checkpoint has the recipe's network and vocabulary, and what was given beside them."""
    recipe, provenance = RECIPES[kind], Provenance("test", "0" * 64, 1, 2.5, None)
    weights = {"layers/dense/vars/0": np.zeros((2, 3), np.float32)}
    made = recipe.make_checkpoint(provenance, weights)
    assert type(made) is checkpoint
    assert (made.network, made.provenance) == (recipe.network, provenance)
    assert made.weights is weights
    if isinstance(made, Checkpoint):
        assert made.vocabulary is LANGUAGE_RECIPE.vocabulary
    else:
        assert made.encoder is RECIPES[kind].encoder  # type: ignore[union-attr]
