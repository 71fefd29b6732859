"""`charrnn export`: files that other commands, programs and people use."""

from pathlib import Path

import pytest

from charrnn.export.formats import FORMATS
from charrnn.runs.kinds import CLASSIFIER
from tests.support import kinds
from tests.support.commands import Fails, Invoke
from tests.support.language_runs import read_rows, read_text, write_epoch, write_trained
from tests.support.networks import MakeRun


@pytest.mark.parametrize("to", FORMATS)
def test_stdout_has_the_path_alone(invoke: Invoke, make_run: MakeRun, to: str) -> None:
    """A script reads where the file is; a person reads what it is, how large, and what for."""
    large = make_run("novel")
    result = invoke("export", "novel", "--to", to)
    path = Path(read_text(result).removesuffix("\n"))
    assert path == Path(f"novel{FORMATS[to].ending}")
    (note,) = result.stderr.splitlines()
    assert note.startswith("novel, epoch 1, validation loss 2.2500: ")
    size = sum(file.stat().st_size for file in [path, *path.glob("*")] if file.is_file())
    assert f"{size:,} bytes" in note
    assert FORMATS[to].about in note
    assert FORMATS[to].use in note
    assert (f"instead of {large.stat().st_size:,}" in note) == (to == "int8")


def test_a_small_network_is_used_like_any_other(invoke: Invoke) -> None:
    """`sample` and `evaluate` read it by its path: same text, and a loss that hardly differs."""
    large = write_trained("novel")
    small = read_text(invoke("export", "--to", "int8", "-o", large.parent / "small.h5")).strip()
    words = ["--temp", "0", "--length", "40"]
    text = read_text(invoke("sample", "a bad", "--checkpoint", large, *words))
    assert read_text(invoke("sample", "a bad", "--checkpoint", small, *words)) == text
    (before,) = read_rows(invoke("evaluate", large, "--mode", "stream", "--json"))
    (after,) = read_rows(invoke("evaluate", small, "--mode", "stream", "--json"))
    assert after["characters"] == before["characters"]
    assert after["nats_per_character"] == pytest.approx(before["nats_per_character"], abs=0.01)
    assert after["nats_per_character"] != before["nats_per_character"]


def test_the_epoch_can_be_chosen(invoke: Invoke) -> None:
    """Without --epoch it is the best one; a file is one epoch's."""
    for epoch in (1, 2):
        write_epoch("novel", epoch)
    chosen = invoke("export", "novel", "--to", "int8", "--epoch", 1, "-o", "one.h5")
    assert "epoch 1" in chosen.stderr
    by_path = invoke("export", "checkpoints/novel/epoch-0001.weights.h5", "--to", "int8", "-o", "2")
    assert read_text(by_path) == "2\n"
    assert Path("2").read_bytes() == Path("one.h5").read_bytes()


def test_a_classifier_is_refused(fails: Fails) -> None:
    """What writes nothing is named for what it is."""
    kinds.write_epoch(kinds.make_run(Path("checkpoints"), CLASSIFIER, "judge"))
    assert "judge is a classifier, not a language model" in fails(
        1, "export", "judge", "--to", "html"
    )


def test_the_form_is_asked_for(fails: Fails, make_run: MakeRun) -> None:
    """There is no default; the error names the forms, or where help is."""
    make_run()
    assert "--to" in fails(2, "export")
    assert all(name in fails(2, "export", "--to", "pdf") for name in FORMATS)


def test_a_checkpoint_is_not_replaced(fails: Fails, make_run: MakeRun) -> None:
    """The message names the option, and the file stays."""
    path = make_run("novel")
    before = path.read_bytes()
    assert "--output" in fails(2, "export", "novel", "--to", "int8", "-o", path)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_written_is_named(fails: Fails, make_run: MakeRun) -> None:
    """One line names it and says why."""
    make_run()
    assert "missing/a.h5" in fails(1, "export", "--to", "int8", "-o", "missing/a.h5")
