"""The Python interface to a language model: load, generate, stream, predict, score."""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charrnn.config.language import Adaptation
from charrnn.data.text import Text
from charrnn.errors import CheckpointError, RunError, UsageError, VocabularyError
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.inference.score import score_crops, score_stream
from charrnn.runs.checkpoint import Checkpoint, Provenance, write_checkpoint
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.run import Run
from tests.support.messages import catch_message
from tests.support.networks import MakeCheckpoint, StockLogits
from tests.support.slow import slow_except

LETTERS = "\n !abcdefgh"
RESULTS = [EpochResult(1, 2.0, 2.5, 9.0), EpochResult(2, 1.5, 2.25, 8.0)]

every_cell = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def _write_run(checkpoint: Checkpoint, folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "epoch-0002.weights.h5"
    write_checkpoint(path, checkpoint)
    Run(folder, LANGUAGE).write_history(RESULTS)
    return path


def _with_logits(network: Checkpoint, logits: Any) -> Checkpoint:
    """The network with a last layer that gives these logits whatever it has read."""
    kernel, bias = "layers/dense/vars/0", "layers/dense/vars/1"
    zero = np.zeros_like(network.weights[kernel])
    constant = np.asarray(logits, np.float32)
    return replace(network, weights={**network.weights, kernel: zero, bias: constant})


def _sample_plainly(logits: Any, temperature: float, draw: float) -> int:
    """The first id up to which the softmax of the logits sums to more than the draw."""
    weights = [math.exp(logit / temperature) for logit in logits.astype(float).tolist()]
    reached = np.cumsum(weights) / math.fsum(weights)
    return next(place for place, border in enumerate(reached.tolist()) if border > draw)


def test_a_model_is_loaded_from_a_run_s_file(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """A file of a run, by path or by name from here, gives its network, path and history."""
    made = make_checkpoint(cell="gru", layers=2)
    path = _write_run(made, tmp_path / "checkpoints" / "tiny")
    for given in (path, str(path), "checkpoints/tiny/epoch-0002.weights.h5"):
        model = load_model(given)
        assert model.path == Path(given)
        assert model.history == RESULTS
        assert model.vocabulary.to_values() == LETTERS
        assert model.checkpoint.provenance == made.provenance
        for name, values in made.weights.items():
            np.testing.assert_array_equal(model.checkpoint.weights[name], values)


def test_a_damaged_history_keeps_nobody_from_loading(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """A network with a damaged history writes the same text; its history is empty."""
    path = _write_run(make_checkpoint(), tmp_path / "tiny")
    (path.parent / "history.csv").write_text("epoch\n\0")
    model = load_model(path)
    assert model.history == []
    assert model.generate(length=9, seed=1) == LanguageModel(make_checkpoint()).generate(
        "", 9, seed=1
    )


def test_loading_names_what_is_missing(tmp_path: Path) -> None:
    """The error names the file that is not there, and a folder that was given instead of one."""
    with pytest.raises(CheckpointError, match=r"no file nowhere/at-all\.h5"):
        load_model("nowhere/at-all.h5")
    with pytest.raises(CheckpointError, match=f"{tmp_path.name}"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "lstm 256, 65 characters, trained on shakespeare, epoch 4, validation loss 1.4936"),
        ({"layers": 2, "units": 512, "cell": "gru"}, "2 × gru 512, 65 characters, "),
        ({"validation_loss": None}, "epoch 4, training loss 1.3122"),
        ({"step": 40}, "trained on shakespeare, stopped at step 40 of 172 of epoch 4, "),
        ({"characters": "".join(map(chr, range(33, 2033)))}, "lstm 256, 2,000 characters, "),
    ],
)
def test_a_model_says_what_it_is(
    make_checkpoint: MakeCheckpoint, fields: dict[str, Any], words: str
) -> None:
    """Its repr has cell, layers and units, vocabulary, corpus, epoch and loss."""
    source: dict[str, Any] = {
        "validation_loss": fields.pop("validation_loss", 1.49356),
        "step": fields.pop("step", None),
        "steps": 172,
    }
    sizes: dict[str, Any] = {"characters": "".join(map(chr, range(33, 98))), "units": 256}
    made = make_checkpoint(**sizes | fields)
    provenance = Provenance("shakespeare", "0" * 64, 4, 1.31219, **source)
    shown = repr(LanguageModel(replace(made, provenance=provenance)))
    assert shown.startswith("<LanguageModel: ")
    assert words in shown
    assert shown.endswith(">")


@every_cell
@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_a_seed_s_text_follows_from_keras_and_numpy_s_generator(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str, temperature: float
) -> None:
    """Text k of a seed samples from stock Keras's softmax by the draws of seed [seed, k]."""
    network = make_checkpoint(cell=cell)
    texts = LanguageModel(network).generate("bad", 25, temperature, seed=7, num=2)
    for number, text in enumerate(texts):
        ids = network.vocabulary.encode("bad" + text)
        logits, generator = stock_logits(network, ids[None])[0], np.random.default_rng([7, number])
        expected = [_sample_plainly(row, temperature, generator.random()) for row in logits[2:-1]]
        assert ids[3:].tolist() == expected


def test_a_seed_s_texts_never_change(make_checkpoint: MakeCheckpoint) -> None:
    """A seed gives the texts that it gave in version 0.1.0, alone and beside others."""
    model = LanguageModel(make_checkpoint(cell="gru"))
    first, second = (
        "egebbf efdbb!bbdgedg!bd!!ddgdddb!!e!b e!",
        "f!!!bbg!bb!!ggdbbb!ebb b!!b!!!gg deb!bde",
    )
    assert model.generate("bad ", 40, 0.8, 6, 0.95, 7) == first
    assert model.generate("bad ", 40, 0.8, 6, 0.95, 7, num=2) == [first, second]


def test_a_stream_joined_is_the_text(make_checkpoint: MakeCheckpoint) -> None:
    """`stream` yields one by one the characters that `generate` returns at once."""
    model = LanguageModel(make_checkpoint())
    pieces = list(model.stream("bad", 150, 0.7, 5, 0.9, 3))
    assert "".join(pieces) == model.generate(
        "bad", length=150, temperature=0.7, top_k=5, top_p=0.9, seed=3
    )
    assert [len(piece) for piece in pieces] == [1] * 150


def test_texts_side_by_side(make_checkpoint: MakeCheckpoint) -> None:
    """`num` texts come as a list, the first as without `num`, their steps from `stream_many`."""
    model = LanguageModel(make_checkpoint())
    texts = model.generate("bad", 50, seed=3, num=3)
    assert len(set(texts)) == 3
    assert model.generate("bad", 50, seed=3) == texts[0]
    assert model.generate("bad", 50, seed=3, num=1) == texts[:1]
    steps = list(model.stream_many("bad", 50, seed=3, num=3))
    assert ["".join(pieces) for pieces in zip(*steps, strict=True)] == texts
    assert model.generate(length=0, num=2) == ["", ""]
    assert model.generate(length=0) == ""


def test_a_text_ends_with_stop(make_checkpoint: MakeCheckpoint) -> None:
    """Each text ends once it has written `stop`; one that has ended yields empty strings."""
    model = LanguageModel(make_checkpoint())
    whole = model.generate(length=400, seed=5, num=4)
    expected = [text[: text.find("a") + 1] or text for text in whole]
    assert len(set(map(len, expected))) > 2
    assert model.generate(length=400, seed=5, num=4, stop="a") == expected
    assert model.generate(length=400, seed=5, stop="a") == expected[0]
    assert "".join(model.stream(length=400, seed=5, stop="a")) == expected[0]
    steps = list(model.stream_many(length=400, seed=5, num=4, stop="a"))
    assert [sum(step[k] != "" for step in steps) for k in range(4)] == list(map(len, expected))


def test_unknown_characters_can_be_skipped(make_checkpoint: MakeCheckpoint) -> None:
    """With "skip" a prompt or text is read without the characters that the network lacks."""
    model = LanguageModel(make_checkpoint())
    assert model.generate("XbZad", 30, seed=1, unknown="skip") == model.generate("bad", 30, seed=1)
    stream = model.stream("XbZad", 30, seed=1, unknown="skip")
    assert "".join(stream) == model.generate("bad", 30, seed=1)
    assert model.score("XbaZd", unknown="skip") == model.score("bad")
    left = model.next_probabilities("XbaZd", unknown="skip").probabilities
    np.testing.assert_array_equal(left, model.next_probabilities("bad").probabilities)


@every_cell
def test_next_probabilities_are_the_softmax_of_keras(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str
) -> None:
    """They are the plain softmax, over the temperature, of stock Keras's logits after the text."""
    network = make_checkpoint(cell=cell, layers=2)
    logits = stock_logits(network, network.vocabulary.encode("head\n")[None])[0, -1].astype(float)
    for temperature in (0.5, 1.0):
        weights = [math.exp(logit / temperature) for logit in logits.tolist()]
        after = LanguageModel(network).next_probabilities("head\n", temperature)
        assert after.characters == LETTERS
        assert after.probabilities.shape == (len(LETTERS),)
        assert after.probabilities.dtype == np.float64
        expected = np.array(weights) / math.fsum(weights)
        np.testing.assert_allclose(after.probabilities, expected, rtol=1e-5)


def test_next_probabilities_are_those_that_texts_are_sampled_from(
    make_checkpoint: MakeCheckpoint,
) -> None:
    """The first characters of many texts are as frequent as predicted; at 0 one is certain."""
    model, count = LanguageModel(make_checkpoint()), 4000
    ((*_, likeliest),) = [model.next_probabilities("bad", 0).likeliest(1)]
    assert likeliest == (model.generate("bad", 1, 0), 1.0)
    first = next(model.stream_many("bad", 1, 0.8, seed=0, num=count))
    shares = [first.count(character) / count for character in LETTERS]
    after = model.next_probabilities("bad", 0.8)
    np.testing.assert_allclose(shares, after.probabilities, atol=0.03)
    assert dict(zip(*after, strict=True))["a"] == after.probabilities[LETTERS.index("a")]


def test_no_text_is_followed_like_a_line_end(make_checkpoint: MakeCheckpoint) -> None:
    """An empty text stands for a line end, as an empty prompt does."""
    model = LanguageModel(make_checkpoint())
    np.testing.assert_array_equal(
        model.next_probabilities().probabilities, model.next_probabilities("\n").probabilities
    )


@pytest.mark.parametrize("temperature", [-1.0, math.nan, math.inf])
def test_next_probabilities_need_a_temperature(
    make_checkpoint: MakeCheckpoint, temperature: float
) -> None:
    """A temperature outside its range is rejected."""
    with pytest.raises(UsageError, match=r"^`temperature` must"):
        LanguageModel(make_checkpoint()).next_probabilities("a", temperature)


def test_without_a_seed_texts_differ(make_checkpoint: MakeCheckpoint) -> None:
    """Without a seed each text is a new one; with a seed it is the same each time."""
    model = LanguageModel(make_checkpoint())
    assert model.generate(length=100) != model.generate(length=100)
    assert model.generate(length=100, seed=1) == model.generate(length=100, seed=1)


def test_streams_of_one_model_share_no_state(make_checkpoint: MakeCheckpoint) -> None:
    """Two streams of one model, read in turn, are the texts that each would be alone."""
    model = LanguageModel(make_checkpoint())
    one, two = model.stream("a", 50, seed=1), model.stream("b", 50, seed=2)
    pairs = ["".join(texts) for texts in zip(*zip(one, two, strict=True), strict=True)]
    assert pairs == [model.generate("a", 50, seed=1), model.generate("b", 50, seed=2)]


@every_cell
def test_greedy_text_is_the_likeliest_by_keras(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str
) -> None:
    """At temperature 0 each character is the likeliest by stock Keras's logits."""
    network = make_checkpoint(cell=cell)
    prompt = "head\n"
    text = LanguageModel(network).generate(prompt, 60, temperature=0)
    ids = network.vocabulary.encode(prompt + text)
    best = stock_logits(network, ids[None])[0].argmax(axis=1)
    assert ids[len(prompt) :].tolist() == best[len(prompt) - 1 : -1].tolist()


@pytest.mark.parametrize("cell", slow_except(["rnn", "lstm", "gru"], "lstm"))
def test_score_is_the_mean_log_softmax_of_keras(
    make_checkpoint: MakeCheckpoint, stock_logits: StockLogits, cell: str
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


def test_a_network_that_knows_nothing_scores_log_v(make_checkpoint: MakeCheckpoint) -> None:
    """With V equally likely characters each costs log V nats; the perplexity is V."""
    network = _with_logits(make_checkpoint(), np.full(len(LETTERS), 3.5))
    score = LanguageModel(network).score("abcdefgh\nabc")
    assert score == pytest.approx(math.log(len(LETTERS)), rel=1e-15)
    assert math.exp(score) == pytest.approx(len(LETTERS))


def test_score_is_minus_the_log_of_the_probability(make_checkpoint: MakeCheckpoint) -> None:
    """exp(-score) is the geometric mean probability of the characters after the first."""
    shares = np.arange(1, len(LETTERS) + 1) / 66  # of "\n" 1/66, of "h" 11/66
    network = _with_logits(make_checkpoint(), np.log(shares))
    score = LanguageModel(network).score("!h\na")
    assert math.exp(-3 * score) == pytest.approx(11 * 1 * 4 / 66**3, rel=1e-5)


def test_a_hopeless_prediction_scores_a_finite_number(make_checkpoint: MakeCheckpoint) -> None:
    """A character of probability below the smallest float still costs what its logit says."""
    network = _with_logits(make_checkpoint(), [2000.0] + [0.0] * (len(LETTERS) - 1))
    assert LanguageModel(network).score("aa") == 2000
    assert LanguageModel(network).score("a\n") == 0


def test_an_evaluation_is_a_score_with_progress(make_checkpoint: MakeCheckpoint) -> None:
    """`evaluate` gives the loss of a stream or of crops, of a text or its ids, and reports it."""
    network = make_checkpoint(cell="lstm")
    text = "a bad cab! a deaf beach\nhe had"
    ids, model = network.vocabulary.encode(text), LanguageModel(network)
    reported: list[int] = []
    expected = score_stream(NumpyStepper(network), ids, len(network.vocabulary))
    assert model.evaluate(text) == model.evaluate(ids, progress=reported.append) == expected
    assert model.score(text) == expected.loss
    in_crops = score_crops(partial(NumpyStepper, network), ids, 6, len(network.vocabulary))
    assert model.evaluate(text, 6) == model.evaluate(ids, 6, progress=reported.append) == in_crops
    assert model.score(text, crop_length=6) == in_crops.loss != expected.loss
    assert sum(reported) == 2 * (len(text) - 1) == 2 * expected.characters


def test_another_engine_can_be_plugged_in(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """The engine computes everything, with a batch as large as there are texts or crops."""
    made: list[int] = []

    def engine(checkpoint: Checkpoint, batch_size: int) -> NumpyStepper:
        made.append(batch_size)
        return NumpyStepper(_with_logits(checkpoint, [9.0] + [0.0] * 10), batch_size)

    model = LanguageModel(make_checkpoint(), engine=engine)
    assert model.generate("a", 3, 0) == "\n" * 3
    assert model.generate("a", 3, 0, num=2) == ["\n" * 3] * 2
    assert model.next_probabilities("a").likeliest(1)[0][0] == "\n"
    assert model.score("a\n") == model.score("a\n", 1) == pytest.approx(10 * math.exp(-9), rel=1e-2)
    assert made == [1, 2, 1, 1, 1]
    path = _write_run(make_checkpoint(), tmp_path / "tiny")
    assert load_model(path, engine).generate("a", 3, 0) == "\n" * 3


@pytest.mark.slow
def test_keras_can_be_the_engine(make_checkpoint: MakeCheckpoint) -> None:
    """With Keras as the engine texts, probabilities and scores are those of NumPy."""
    from charrnn.networks.stepper import KerasStepper

    network = make_checkpoint(cell="gru")
    ours, keras = LanguageModel(network), LanguageModel(network, engine=KerasStepper)
    assert keras.generate("abba", 50, 0.9, seed=3, num=2) == ours.generate(
        "abba", 50, 0.9, seed=3, num=2
    )
    by_keras, by_numpy = (model.next_probabilities("abba") for model in (keras, ours))
    np.testing.assert_allclose(by_keras.probabilities, by_numpy.probabilities, rtol=1e-5)
    for crop_length in (None, 3):
        assert keras.score("a bad cab", crop_length) == pytest.approx(
            ours.score("a bad cab", crop_length), rel=1e-6
        )


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("path", [None, Path("tiny/epoch-0002.weights.h5")])
def test_a_diverged_network_is_an_error_everywhere(
    make_checkpoint: MakeCheckpoint, broken: float, path: Path | None
) -> None:
    """One NaN or infinite logit is an error in every method; a known path begins it."""
    logits = [0.0] * len(LETTERS)
    logits[3] = broken
    model = LanguageModel(_with_logits(make_checkpoint(), logits), path=path)
    message = (
        "the network produced NaN or infinity: it diverged in training; choose an earlier epoch"
    )
    stream = model.stream("abc", 5)  # the stream itself is the error's place, not the call
    for ask in (
        lambda: next(stream),
        lambda: model.generate("abc", 5, num=2),
        lambda: next(model.stream_many("abc", 5, num=2)),
        lambda: model.next_probabilities("abc"),
        lambda: model.score("abcabc"),
        lambda: model.evaluate("abcabc", 2),
    ):
        with pytest.raises(CheckpointError) as caught:
            ask()
        assert str(caught.value) == (f"{path}: {message}" if path else message)


def test_scoring_twice_gives_the_same(make_checkpoint: MakeCheckpoint) -> None:
    """Each text is scored from a state of zero."""
    model = LanguageModel(make_checkpoint(cell="lstm"))
    first = model.score("abcabc")
    model.score("hhhh")
    assert model.score("abcabc") == first


@pytest.mark.parametrize("text", ["", "a"])
def test_too_little_to_score(make_checkpoint: MakeCheckpoint, text: str) -> None:
    """A text without a character to predict can't be scored."""
    with pytest.raises(UsageError, match="at least two characters"):
        LanguageModel(make_checkpoint()).score(text)


def test_unknown_characters_are_named(make_checkpoint: MakeCheckpoint) -> None:
    """Characters outside the vocabulary are rejected by name, whatever the text is for."""
    model = LanguageModel(make_checkpoint())
    for ask in (model.generate, model.stream, model.next_probabilities, model.score):
        with pytest.raises(
            VocabularyError, match=r"'Z'; to leave them out, set `unknown` to skip$"
        ):
            ask("aZ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1.0),
        ("top_k", -1),
        ("top_p", 0.0),
        ("length", -1),
        ("seed", -1),
        ("num", 0),
        ("unknown", "keep"),
    ],
)
def test_values_out_of_range_are_rejected_at_once(
    make_checkpoint: MakeCheckpoint, name: str, value: Any
) -> None:
    """A value outside its range is rejected by the call itself, before any character is sampled."""
    with pytest.raises(UsageError, match=f"^`{name}` must"):
        LanguageModel(make_checkpoint()).stream_many(**{"num": 1, name: value})


def test_stop_must_have_characters(make_checkpoint: MakeCheckpoint) -> None:
    """An empty text to stop at is an error, before anything is written."""
    model = LanguageModel(make_checkpoint())
    for ask in (model.generate, model.stream, partial(model.stream_many, num=2)):
        assert "`stop` is empty" in catch_message(UsageError, partial(ask, "a", stop=""))


def test_stop_must_be_possible(make_checkpoint: MakeCheckpoint) -> None:
    """A stop text with characters that the network can't write is rejected by name."""
    model = LanguageModel(make_checkpoint())
    for ask in (model.generate, model.stream):
        with pytest.raises(VocabularyError, match=r"^`stop` would never be written: .*: 'Z' 'ß'$"):
            ask("a", stop="aZßb", unknown="skip")


@pytest.mark.parametrize("name", ["classify", "pretrained"])
def test_it_is_not_kept_around_runs_of_other_kinds(
    make_checkpoint: MakeCheckpoint, name: str
) -> None:
    """Removing a run of that name would remove every classifier; and no file is overwritten."""
    model = LanguageModel(make_checkpoint())
    message = catch_message(RunError, lambda: model.save(Path("checkpoints") / name))
    assert message == (
        f"checkpoints/{name} is named like the folder of other kinds of run: rename it"
    )
    path = model.save("checkpoints/mine")
    assert load_model(path).vocabulary.to_values() == model.vocabulary.to_values()
    message = catch_message(RunError, lambda: model.save("checkpoints/mine"))
    assert message == "checkpoints/mine has a run, or belongs to one: choose another folder"


def test_small_ids_are_read_as_the_text_is(make_checkpoint: MakeCheckpoint) -> None:
    """Ids of one byte give the very losses of the string, however the text is read."""
    checkpoint = make_checkpoint()
    model = LanguageModel(checkpoint)
    text = (checkpoint.vocabulary.to_values() * 300)[: 4 * 1100]
    ids = Text.of(text).encode(checkpoint.vocabulary)
    assert ids.itemsize == 1
    assert model.evaluate(ids) == model.evaluate(text)
    assert model.evaluate(ids, 7) == model.evaluate(text, 7)
    how = Adaptation(piece=50)
    assert model.evaluate(ids, adaptation=how) == model.evaluate(text, adaptation=how)


def test_an_adapted_network_is_read_again_whatever_its_text_is_called(
    make_checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """A name that is not UTF-8 is spelt out, as no checkpoint could hold it."""
    model = LanguageModel(make_checkpoint())
    text = model.vocabulary.to_values() * 20
    path = model.adapt(text, name="caf\udce9").save(tmp_path / "run")
    adapted = load_model(path).checkpoint.provenance.adapted
    assert adapted is not None
    assert adapted.startswith("caf\\udce9, ")


def test_copies(make_checkpoint: MakeCheckpoint) -> None:
    """What of a text stands in the text that is given as what the network learnt from."""
    model = LanguageModel(make_checkpoint())
    learnt = "a bad cab! he had\na deaf beach"
    copies = model.find_copies("XXa bad cabXX", learnt, shortest=5)
    assert copies == ([(2, 9, 0, 1, 1)], 9 / 13)
    assert model.find_copies(f"!!{learnt[:19]}", learnt) == ([], 0)
    assert model.find_copies(f"!!{learnt[:20]}", learnt).share == 20 / 22
    assert model.find_copies("", learnt) == ([], 0)
    assert model.find_copies("a", learnt[:1], shortest=1).share == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": 5, "source": "a"}, "`text` must be str"),
        ({"text": "a", "source": 5}, "`source` must be str"),
        ({"text": "a", "source": ""}, "must not be empty"),
        ({"text": "a", "source": "a", "shortest": 0}, "`shortest` must lie in 1 to "),
        ({"text": "a", "source": "a", "shortest": 1.5}, "`shortest` must be int"),
    ],
)
def test_what_has_no_copies(
    make_checkpoint: MakeCheckpoint, arguments: dict[str, Any], message: str
) -> None:
    """A value of the wrong type or outside its range is named."""
    with pytest.raises(UsageError, match=message):
        LanguageModel(make_checkpoint()).find_copies(**arguments)


def test_copies_of_an_unknown_text(make_checkpoint: MakeCheckpoint) -> None:
    """A model that lies in no run does not know what it learnt from."""
    with pytest.raises(RunError, match="learnt from: give that text"):
        LanguageModel(make_checkpoint()).find_copies("a")
