"""The Python interface: load, generate, stream, score."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn import checkpoint
from charrnn.checkpoint import Checkpoint
from charrnn.errors import CheckpointError, RunError, UsageError, VocabularyError
from charrnn.history import EpochResult
from charrnn.runs import Run
from charrnn.sampling.model import LanguageModel

Make = Callable[..., Checkpoint]
MakeRun = Callable[..., Path]
StockLogits = Callable[[Checkpoint, Any], Any]

LETTERS = "\n !abcdefgh"


def _same(one: Checkpoint, other: Checkpoint) -> bool:
    return all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_load_takes_the_best_epoch_of_a_folder(make_run: MakeRun) -> None:
    """A run's folder stands for the epoch with the lowest validation loss."""
    for epoch in (1, 2, 3):
        path = make_run(epoch=epoch, seed=epoch)
    Run(path.parent).write_history(
        [EpochResult(epoch, 9.0 - epoch, loss, 1.0) for epoch, loss in ((1, 2.5), (2, 2.0), (3, 3))]
    )
    best = checkpoint.read(path.parent / "epoch-0002.weights.h5")
    assert _same(charrnn.load(path.parent).checkpoint, best)


def test_load_takes_a_file_by_path_or_name(make_run: MakeRun) -> None:
    """A checkpoint file is loaded from a path, or from a string relative to where one is."""
    path = make_run()
    for given in (path, str(path), "checkpoints/tiny/epoch-0001.weights.h5", "checkpoints/tiny"):
        model = charrnn.load(given)
        assert _same(model.checkpoint, checkpoint.read(path))
        assert model.vocabulary.characters == LETTERS


def test_load_names_what_is_missing(tmp_path: Path) -> None:
    """Where there is nothing to load the error says where it looked."""
    with pytest.raises(CheckpointError, match="nothing at nowhere/at-all"):
        charrnn.load("nowhere/at-all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="empty has no checkpoint"):
        charrnn.load(tmp_path / "empty")


def test_a_stream_joined_is_the_text(make_checkpoint: Make) -> None:
    """`stream` gives one by one the characters that `generate` gives at once."""
    model = LanguageModel(make_checkpoint())
    pieces = list(model.stream("bad", 150, 0.7, 5, 0.9, 3))
    assert "".join(pieces) == model.generate(
        "bad", length=150, temperature=0.7, top_k=5, top_p=0.9, seed=3
    )
    assert [len(piece) for piece in pieces] == [1] * 150


def test_without_a_seed_texts_differ(make_checkpoint: Make) -> None:
    """Without a seed each text is a new one; with a seed it is the same each time."""
    model = LanguageModel(make_checkpoint())
    assert model.generate(length=100) != model.generate(length=100)
    assert model.generate(length=100, seed=1) == model.generate(length=100, seed=1)


def test_texts_do_not_follow_from_each_other(make_checkpoint: Make) -> None:
    """Two streams of one model read side by side do not disturb each other."""
    model = LanguageModel(make_checkpoint())
    one, two = model.stream("a", 50, seed=1), model.stream("b", 50, seed=2)
    pairs = ["".join(texts) for texts in zip(*zip(one, two, strict=True), strict=True)]
    assert pairs == [model.generate("a", 50, seed=1), model.generate("b", 50, seed=2)]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_greedy_text_is_the_likeliest_by_keras(
    make_checkpoint: Make, stock_logits: StockLogits, cell: str
) -> None:
    """At temperature 0 each character is the one that stock Keras finds likeliest."""
    network = make_checkpoint(cell=cell)
    prompt = "head\n"
    text = LanguageModel(network).generate(prompt, 60, temperature=0)
    ids = network.vocabulary.encode(prompt + text)
    best = stock_logits(network, ids[None])[0].argmax(axis=1)
    assert ids[len(prompt) :].tolist() == best[len(prompt) - 1 : -1].tolist()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_score_is_the_mean_log_softmax_of_keras(
    make_checkpoint: Make, stock_logits: StockLogits, cell: str
) -> None:
    """The score is the mean of -log softmax over stock Keras's logits for the whole text."""
    network = make_checkpoint(cell=cell, layers=2)
    text = "a bad beach\nhe had" * 7
    ids = network.vocabulary.encode(text).tolist()
    logits = stock_logits(network, np.array([ids]))[0].astype(float).tolist()
    losses = [
        math.log(math.fsum(math.exp(logit) for logit in row)) - row[target]
        for row, target in zip(logits, ids[1:], strict=False)
    ]
    expected = math.fsum(losses) / (len(ids) - 1)
    assert LanguageModel(network).score(text) == pytest.approx(expected, abs=1e-5)


def _with_logits(network: Checkpoint, logits: Any) -> Checkpoint:
    """The network with a last layer that gives these logits whatever it has read."""
    kernel, bias = "layers/dense/vars/0", "layers/dense/vars/1"
    zero = np.zeros_like(network.weights[kernel])
    constant = np.asarray(logits, np.float32)
    return replace(network, weights={**network.weights, kernel: zero, bias: constant})


def test_a_network_that_knows_nothing_scores_log_v(make_checkpoint: Make) -> None:
    """A uniform distribution over V characters costs log V nats each; its perplexity is V."""
    network = _with_logits(make_checkpoint(), np.full(len(LETTERS), 3.5))
    score = LanguageModel(network).score("abcdefgh\nabc")
    assert score == pytest.approx(math.log(len(LETTERS)), rel=1e-15)
    assert math.exp(score) == pytest.approx(len(LETTERS))


def test_score_is_minus_the_log_of_the_probability(make_checkpoint: Make) -> None:
    """exp(-score) is the mean probability, geometric, of the characters after the first."""
    shares = np.arange(1, len(LETTERS) + 1) / 66  # of "\n" 1/66, of "h" 11/66
    network = _with_logits(make_checkpoint(), np.log(shares))
    score = LanguageModel(network).score("!h\na")
    assert math.exp(-3 * score) == pytest.approx(11 * 1 * 4 / 66**3, rel=1e-5)


def test_a_hopeless_prediction_scores_a_finite_number(make_checkpoint: Make) -> None:
    """A character of probability below the smallest float still costs what its logit says."""
    network = _with_logits(make_checkpoint(), [2000.0] + [0.0] * (len(LETTERS) - 1))
    assert LanguageModel(network).score("aa") == 2000
    assert LanguageModel(network).score("a\n") == 0


@pytest.mark.parametrize("crop_length", [None, 2])
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_network_has_no_score(
    make_checkpoint: Make, broken: float, crop_length: int | None
) -> None:
    """One logit that is no number is told, not averaged; the scorer adds no warning to it."""
    made = make_checkpoint()
    path = "layers/dense/vars/1"
    bias = made.weights[path].copy()
    bias[3] = broken
    model = LanguageModel(replace(made, weights={**made.weights, path: bias}))
    with pytest.raises(CheckpointError, match="predicts no numbers"):
        model.score("abcabc", crop_length)


def test_scoring_twice_gives_the_same(make_checkpoint: Make) -> None:
    """Every score reads its text from a state of zero."""
    model = LanguageModel(make_checkpoint(cell="lstm"))
    first = model.score("abcabc")
    model.score("hhhh")
    assert model.score("abcabc") == first


@pytest.mark.parametrize("text", ["", "a"])
def test_too_little_to_score(make_checkpoint: Make, text: str) -> None:
    """A text without a character to predict can't be scored."""
    with pytest.raises(UsageError, match="at least two characters"):
        LanguageModel(make_checkpoint()).score(text)


def test_unknown_characters_are_named(make_checkpoint: Make) -> None:
    """Text outside the vocabulary is refused by name, in a prompt and in a text to score."""
    model = LanguageModel(make_checkpoint())
    with pytest.raises(VocabularyError, match="'Z'"):
        model.generate("aZ")
    with pytest.raises(VocabularyError, match="'Z'"):
        model.score("aZ")


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -1.0},
        {"top_k": -1},
        {"top_p": 0.0},
        {"length": -1},
        {"seed": -1},
    ],
)
def test_values_out_of_range_are_refused_at_once(
    make_checkpoint: Make, values: dict[str, Any]
) -> None:
    """A value outside its range is refused by the call itself, before a character is asked for."""
    with pytest.raises(UsageError):
        LanguageModel(make_checkpoint()).stream(**values)
