"""A network is there from the first minute, and steps back as soon as there is another."""

import json
from pathlib import Path

import pytest

import charrnn
from charrnn.errors import NoRunError
from charrnn.runs.bundled import BUNDLED, is_bundled
from charrnn.runs.catalogue import find_checkpoint
from charrnn.runs.kinds import CLASSIFIER, LANGUAGE
from tests.support.commands import Fails, Invoke
from tests.support.networks import MakeRun

SONNET = """
Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date;
"""
"""Not in the text that the network learnt from, which has plays alone."""


def test_it_is_small_and_knows_shakespeare() -> None:
    """The file takes at most 2.5 MB, and the network predicts a sonnet that it has not read."""
    path = find_checkpoint(Path("checkpoints"), LANGUAGE)
    assert is_bundled(path)
    assert path.stat().st_size <= 2_500_000
    model = charrnn.load()
    assert model.score(SONNET) < 2.0  # nats; a guess among its 65 characters has 4.17
    assert model.score(SONNET[::-1]) > 3.0
    assert model.history[-1].epoch == model.checkpoint.provenance.epoch


def test_it_writes_before_anything_was_trained(invoke: Invoke) -> None:
    """Without a run, sample writes with it and says so, and how to train one."""
    result = invoke("sample", "All: ", "--length", 40, "--seed", 1)
    assert result.exit_code == 0
    assert result.stdout == "All: " + charrnn.load("shakespeare").generate("All: ", 40, seed=1)
    note, answer = result.stderr.splitlines()
    assert "came along" in note
    assert "charrnn train" in note
    assert answer.startswith("shakespeare, epoch ")


def test_a_run_comes_before_it(invoke: Invoke, make_run: MakeRun) -> None:
    """Any run is newer, and one of the same name is meant by the name."""
    path = make_run("mine")
    assert find_checkpoint(Path("checkpoints"), LANGUAGE) == Path("checkpoints/mine") / path.name
    assert is_bundled(find_checkpoint(Path("checkpoints"), LANGUAGE, "shakespeare"))
    assert "came along" not in invoke("sample", "ab", "--length", 1).stderr
    make_run("shakespeare")
    assert not is_bundled(find_checkpoint(Path("checkpoints"), LANGUAGE, "shakespeare"))


def test_it_is_no_other_kind() -> None:
    """It is not taken for a classifier, and has one epoch."""
    for named in (None, BUNDLED.name):
        with pytest.raises(NoRunError):
            find_checkpoint(Path("checkpoints"), CLASSIFIER, named)
    assert len(BUNDLED.list_epochs()) == 1


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_its_name_is_a_network_though_a_text_has_it_too(invoke: Invoke, command: str) -> None:
    """In the place of a run `shakespeare` is the network, and the text after it is read."""
    Path("sonnet.txt").write_text(SONNET, encoding="utf-8")
    result = invoke(command, "shakespeare", "sonnet.txt")
    assert result.exit_code == 0, result.output
    assert "came along" in result.stderr
    assert "sonnet.txt" in result.stderr


def test_runs_shows_it_and_leaves_it(invoke: Invoke, fails: Fails, make_run: MakeRun) -> None:
    """It can be shown and drawn by its name, and neither removed, thinned nor renamed."""
    shown = invoke("runs", "show", "shakespeare", "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["folder"]) == (0, str(BUNDLED.folder))
    drawn = invoke("plot", "shakespeare", "--json")
    assert (drawn.exit_code, json.loads(drawn.stdout)["runs"]) == (0, ["shakespeare"])
    before = sorted(BUNDLED.folder.iterdir())
    for named in ("shakespeare", BUNDLED.folder):
        for words in (["remove", named, "--yes"], ["thin", named], ["rename", named, "mine"]):
            assert "shakespeare comes with charrnn" in fails(1, "runs", *words)
    assert sorted(BUNDLED.folder.iterdir()) == before
    assert not BUNDLED.lock_file.exists()
    make_run("shakespeare")
    shown = invoke("runs", "show", "shakespeare", "--json")
    assert json.loads(shown.stdout)["folder"] == "checkpoints/shakespeare"


def test_the_list_of_runs_mentions_it(invoke: Invoke, make_run: MakeRun) -> None:
    """A note names it beside the runs, unless one of them has its name or nothing is to be said."""
    make_run("mine")
    assert "charrnn runs show shakespeare" in invoke("runs").stderr
    assert invoke("runs", "-q").stderr == ""
    make_run("shakespeare")
    assert "runs show" not in invoke("runs").stderr
