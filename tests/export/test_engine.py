"""The page's engine, in a worker of a real browser, against NumPy on the same rounded weights."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from charrnn.config.fields import CELLS
from charrnn.export.html import encode_network, write_page
from charrnn.export.write import write_model
from charrnn.inference.choose import Choice, compute_probabilities
from charrnn.inference.generate import make_generators, read_prompt
from charrnn.inference.language import NumpyStepper
from charrnn.inference.language_model import LanguageModel, load_model
from charrnn.inference.rules import make_rules
from tests.support.browser import Tab, open_tab
from tests.support.networks import make_reading_bytes, make_realistic

ASK = """async ({network, plain, requests, expression}) => {
  const read = (id) => document.getElementById(id).textContent;
  const code = read("engine") + `
    const answer = onmessage;
    onmessage = ({ data }) => {
      if (data.kind === "evaluate") postMessage(${expression});
      else answer({ data });
    };`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  const ask = (request) => new Promise((done, fail) => {
    worker.onmessage = ({ data }) => (data.kind === "error" ? fail(data.message) : done(data));
    worker.onerror = ({ message }) => fail(message);
    worker.postMessage(request);
  });
  const load = { kind: "load", page: network, kernel: read("kernel"), plain };
  const answers = [await ask(load)];
  for (const request of requests) {
    let answer = await ask(request);
    while (answer.done === false) {
      const more = await ask({ kind: "more" });
      answer = { ...more, written: [...answer.written, ...more.written] };
    }
    answers.push(answer.written?.map((mark) => (request.marks ? mark : mark.id)) ?? answer);
  }
  worker.terminate();
  return answers;
}"""
"""Answers of a worker of its own; of each text its ids, or its marks if they are asked for."""

ENGINES = {"WebAssembly": False, "JavaScript": True}


@pytest.fixture(scope="module")
def tab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A page, from whose engine and kernel the workers of all these tests are made."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(LanguageModel(make_realistic()), path)
    with open_tab(browser, path) as tab:
        yield tab


def round_model(**sizes: Any) -> LanguageModel:
    """A network of these sizes, with the weights that its int8 checkpoint has."""
    return load_model(write_model(LanguageModel(make_realistic(**sizes)), "int8"))


def ask(
    tab: Tab, model: LanguageModel, plain: bool, *requests: Any, expression: str = "null"
) -> list[Any]:
    """What the engine answers, once it has said which one it is."""
    network = encode_network(model.checkpoint)
    argument = {"network": network, "plain": plain, "requests": requests}
    answers: list[Any] = tab.read(ASK, argument | {"expression": expression})
    assert ENGINES[answers[0]["engine"]] == plain
    return answers[1:]


def evaluate(tab: Tab, model: LanguageModel, plain: bool, expression: str) -> Any:
    """What an expression is within the engine; its page lets nobody evaluate text."""
    (answer,) = ask(tab, model, plain, {"kind": "evaluate"}, expression=expression)
    return answer


def request(model: LanguageModel, prompt: str, length: int, seed: int, **more: Any) -> Any:
    ids = model.vocabulary.encode(prompt).tolist()
    settings = {"temperature": 1.0, "topK": 0} | more
    return {"kind": "write", "prompt": ids, "length": length, "seed": seed} | settings


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_logits_are_those_of_numpy(tab: Tab, cell: str, layers: int) -> None:
    """For every cell, and sizes that fill no vector, logits differ by less than 1e-3.

    And both engines have the very same ones.
    """
    small = round_model(cell=cell, layers=layers, units=37, embedding=13)
    ids = np.random.default_rng(0).integers(0, len(small.vocabulary), 60)
    expected = NumpyStepper(small.checkpoint).read(ids[None])[0]
    code = f"{ids.tolist()}.map((id) => [...network.step(id)])"
    found = [np.array(evaluate(tab, small, plain, code)) for plain in ENGINES.values()]
    assert expected.std() > 0.3
    assert np.abs(found[0] - expected).max() < 1e-3
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("cell", CELLS)
def test_texts_are_those_of_numpy(tab: Tab, cell: str) -> None:
    """500 characters of any seed and any temperature are the same, by both engines."""
    small = round_model(cell=cell, units=40)
    settings: list[dict[str, Any]] = [
        {"seed": 1, "temperature": 0},
        {"seed": 7, "temperature": 0.8},
        {"seed": 0, "temperature": 1.3, "top_k": 5},
        {"seed": 2**32 - 1, "temperature": 0.4, "top_k": 1000},
    ]
    expected = [small.generate("%A", 500, **each) for each in settings]
    options = [{"topK": each.pop("top_k", 0)} | each for each in settings]
    requests = [request(small, "%A", 500, **each) for each in options]
    for plain in ENGINES.values():
        answers = ask(tab, small, plain, *requests)
        assert [small.vocabulary.decode(answer) for answer in answers] == expected
    assert all(len(set(text)) > 5 for text in expected[1:])


def round_byte_model(**sizes: Any) -> LanguageModel:
    return load_model(write_model(LanguageModel(make_reading_bytes(**sizes)), "int8"))


@pytest.mark.parametrize("cell", CELLS)
def test_texts_of_bytes_are_those_of_numpy(tab: Tab, cell: str) -> None:
    """Whole characters, the same by both engines; the marks are those of characters."""
    small = round_byte_model(cell=cell)
    settings: list[dict[str, Any]] = [
        {"seed": 1, "temperature": 0},
        {"seed": 7, "temperature": 0.8},
        {"seed": 0, "temperature": 2.5, "top_k": 5},
        {"seed": 2**32 - 1, "top_k": 1000},
    ]
    expected = [small.generate("水", 200, **each) for each in settings]
    options = [{"topK": each.pop("top_k", 0)} | each for each in settings]
    requests = [request(small, "水", 200, marks=True, **each) for each in options]
    for plain in ENGINES.values():
        answers = ask(tab, small, plain, *requests)
        assert ["".join(mark["character"] for mark in answer) for answer in answers] == expected
    assert {len(character.encode()) for text in expected for character in text} == {1, 2, 3, 4}


def find_probability(model: LanguageModel, before: str, character: str) -> float:
    """How probable a character's bytes are after a text, of those that may come next."""
    network, rules, found = NumpyStepper(model.checkpoint), make_rules(model.vocabulary), 1.0
    logits = read_prompt(network, model.vocabulary.encode(before))
    for byte in model.vocabulary.encode(character):
        found *= compute_probabilities(rules.rule_out(logits), Choice())[0, byte]
        rules.follow(np.array([byte]))
        logits = network.step(np.array([byte]))
    return float(found)


def test_guesses_of_bytes_are_first_ones(tab: Tab) -> None:
    """A character's probability is that of all its bytes; guesses are of what it begins with."""
    small = round_byte_model()
    (marks,) = ask(tab, small, False, request(small, "水", 20, seed=3, marks=True))
    before = "水"
    for mark in marks:
        after = small.next_probabilities(before)
        expected = after.likeliest(5)
        assert [small.vocabulary.symbols[id_] for id_, _ in mark["guesses"]] == [
            symbol for symbol, _ in expected
        ]
        assert mark["id"] == mark["character"].encode()[0]
        probability = find_probability(small, before, mark["character"])
        assert mark["probability"] == pytest.approx(probability, rel=1e-3)
        before += mark["character"]


def test_draws_are_those_of_numpy(tab: Tab) -> None:
    """The page has NumPy's own generator: the same 53 bits, for seeds of every size."""
    seeds = [0, 1, 7, 2**16, 2**31, 2**32 - 1]
    expected = [make_generators(seed, 1)[0].random(20).tolist() for seed in seeds]
    code = f"""{seeds}.map((seed) => {{
      const generator = new Generator(seed);
      return Array.from({{ length: 20 }}, () => generator.draw());
    }})"""
    found = evaluate(tab, round_model(), False, code)
    assert found == expected


def test_guesses_are_the_likeliest(tab: Tab) -> None:
    """Each character comes with its probability, and the five likeliest with theirs."""
    small = round_model()
    asked = request(small, "%A", 30, seed=3, temperature=1.5, topK=3, marks=True)
    (marks,) = ask(tab, small, False, asked)
    text = small.vocabulary.decode([mark["id"] for mark in marks])
    for place, mark in enumerate(marks):
        after = small.next_probabilities("%A" + text[:place])
        expected = after.likeliest(5)
        guesses = [(small.vocabulary.to_values()[id_], p) for id_, p in mark["guesses"]]
        assert [character for character, _ in guesses] == [c for c, _ in expected]
        assert [p for _, p in guesses] == pytest.approx([p for _, p in expected], abs=1e-5)
        assert mark["probability"] == pytest.approx(after.probabilities[mark["id"]], abs=1e-5)


def test_of_equals_the_first_is_kept(tab: Tab) -> None:
    """Top-k and temperature 0 choose among equal logits as NumPy does."""
    code = """(() => {
      const logits = Float32Array.of(1, 3, 2, 3, 2, 2);
      const draws = [0, 0.2, 0.4, 0.6, 0.8, 0.999];
      return [choose(logits, 0.9, 0, 0), ...draws.map((draw) => choose(logits, draw, 1e6, 3))];
    })()"""
    found = evaluate(tab, round_model(), False, code)
    assert found == [1, 1, 1, 2, 2, 3, 3]


def test_one_text_can_be_extended(tab: Tab) -> None:
    """Two hundred characters and three hundred more are five hundred."""
    small = round_model()
    more = {"kind": "extend", "temperature": 1, "topK": 0, "left": 300}
    requests = [request(small, "%A", 200, seed=7), more]
    answers = ask(tab, small, False, *requests)
    text = "".join(small.vocabulary.decode(answer) for answer in answers)
    assert text == small.generate("%A", 500, seed=7)
