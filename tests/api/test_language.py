"""Training and loading language models from Python."""

import random
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.recipe import LanguageRecipe, Progress
from charrnn.runs.run import Run
from charrnn.training.budget import Cost
from tests.support.api import SETTINGS, KeptModel
from tests.support.commands import invoke
from tests.support.language_runs import HELD_BACK, LEARNT, write_trained
from tests.support.networks import MakeRun


class Planned(Exception):  # noqa: N818 - not an error
    """Raised instead of training.

    Attributes:
        run: the folder that would have been written into.
        recipe: what would have been trained.
        borrowed: the weights that it would have begun with.
    """

    def __init__(self, run: Run, progress: Progress[LanguageRecipe], borrowed: Any) -> None:
        super().__init__()
        self.run, self.recipe, self.borrowed = run, progress.recipe, borrowed


@pytest.fixture
def plan_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is trained: `Planned` is raised instead."""

    def begin(run: Run, work: Any, *_: Any) -> None:
        raise Planned(run, work.progress, work.borrowed)

    monkeypatch.setattr("charrnn.training.language.train", begin)


@pytest.mark.parametrize(("keep", "kept"), [(None, "all"), ("best", "best"), (np.int64(3), "3")])
def test_what_is_kept(novel: Path, monkeypatch: pytest.MonkeyPatch, keep: Any, kept: str) -> None:
    """`keep` takes the words and numbers of --keep."""
    found: list[str] = []

    def begin(run: Run, work: Any, *_: Any) -> None:
        found.append(work.progress.keep)
        raise Planned(run, work.progress, work.borrowed)

    monkeypatch.setattr("charrnn.training.language.train", begin)
    with pytest.raises(Planned):
        charrnn.train(novel, keep=keep, **SETTINGS)
    assert found == [kept]


@pytest.mark.parametrize("keep", ["some", 0, True, 1.5, [1]])
def test_what_can_not_be_kept(novel: Path, keep: Any) -> None:
    """Anything else is rejected before the text is read."""
    with pytest.raises(charrnn.CharrnnError, match="`keep` must be "):
        charrnn.train(novel, keep=keep, **SETTINGS)


def find_novel() -> Run:
    return Run(Path("checkpoints/novel"), LANGUAGE)


def list_options() -> list[str]:
    """The small run's settings as options of the command."""
    flags = {"--" + name.replace("_", "-"): str(value) for name, value in SETTINGS.items()}
    return [word for option in flags.items() for word in option]


def test_the_best_epoch_is_returned(kept_model: KeptModel) -> None:
    """`train` returns the epoch with the lowest loss, with the history of all of them."""
    model, results = kept_model.model, kept_model.results
    best = min(results, key=lambda result: result.loss)
    assert model.checkpoint.provenance.epoch == best.epoch
    assert model.path == kept_model.run.epoch_file(best.epoch)
    assert [result.loss for result in model.history] == [result.loss for result in results]


def test_on_epoch_gets_a_typed_result(kept_model: KeptModel) -> None:
    """Each epoch's number, losses, perplexity and seconds are attributes."""
    assert [result.epoch for result in kept_model.results] == [1, 2]
    for result in kept_model.results:
        assert isinstance(result, charrnn.EpochResult)
        assert result.validation_loss is not None
        assert result.perplexity == pytest.approx(np.exp(result.validation_loss))
        assert result.train_loss > 0
        assert result.seconds > 0


def test_the_same_seed_gives_the_commands_files(kept_model: KeptModel) -> None:
    """`charrnn train` with the same settings writes the same bytes into every checkpoint."""
    result = invoke("train", kept_model.path, "--run", "novel", *list_options())
    assert result.exit_code == 0, result.output
    names = {path.name for path in kept_model.run.folder.iterdir()}
    assert {path.name for path in find_novel().folder.iterdir()} == names | {"curves.png"}
    for epoch in (1, 2):
        theirs = find_novel().epoch_file(epoch)
        assert kept_model.run.epoch_file(epoch).read_bytes() == theirs.read_bytes()


def test_the_callers_random_numbers_are_left_alone(kept_model: KeptModel) -> None:
    """A run's seed does not seed the generators of the program that starts it."""
    python, numpy = random.Random(5), np.random.RandomState(5)
    assert kept_model.draws == (python.random(), numpy.random_sample())


@pytest.mark.slow
def test_an_exception_in_a_thread_keeps_what_is_needed_to_resume(
    kept_model: KeptModel, text: str
) -> None:
    """What `on_epoch` raises ends the run, in any thread; resumed, its weights are the same.

    The text is given as a string, which makes no difference either.
    """
    raised: list[BaseException] = []

    def stop(_: charrnn.EpochResult) -> None:
        raise LookupError("enough")

    def train() -> None:
        try:
            charrnn.train(text=text, run="novel", on_epoch=stop, **SETTINGS)
        except LookupError as error:
            raised.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert list(map(str, raised)) == ["enough"]
    assert [result.epoch for result in charrnn.load("novel").history] == [1]
    with pytest.raises(
        charrnn.CharrnnError, match="novel was trained on the given text: give that"
    ):
        charrnn.train(resume="novel")
    charrnn.train(resume="", text=text)
    for epoch in (1, 2):
        weights = charrnn.load("novel", epoch).checkpoint.weights
        expected = charrnn.load(kept_model.run.folder, epoch).checkpoint.weights
        assert {name: array.tobytes() for name, array in weights.items()} == {
            name: array.tobytes() for name, array in expected.items()
        }


@pytest.mark.slow
def test_ctrl_c_leaves_what_it_leaves_to_the_command(
    novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is ended, its weights are kept, and `KeyboardInterrupt` says so."""
    before = signal.getsignal(signal.SIGINT)
    steps: list[int] = []

    def press_ctrl_c(_: Any, step: int, __: float) -> None:
        steps.append(step)
        if steps.count(2) == 2:  # in the second epoch
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("charrnn.api.session._EpochListener.on_step", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt) as stop:
        charrnn.train(novel, run="novel", **SETTINGS)
    folder = Path("checkpoints/novel")
    assert str(stop.value) == (
        f"training stopped; kept in {folder}: 1 epoch and 2 steps of epoch 2"
    )
    assert steps[-2:] == [1, 2]
    names = {"epoch-0001.weights.h5", "interrupted.weights.h5", "history.csv", "resume.h5"}
    assert {path.name for path in folder.iterdir()} - {".lock"} == names
    interrupted = charrnn.load(folder / "interrupted.weights.h5").checkpoint.provenance
    assert (interrupted.epoch, interrupted.step) == (2, 2)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("plan_only")
def test_numpys_numbers_train(novel: Path) -> None:
    """A search over `np.arange` trains what the same Python numbers would."""
    numbers = {"units": np.int64(7), "dropout": np.float32(0.5), "epochs": np.uint8(3)}
    with pytest.raises(Planned) as plan:
        charrnn.train(novel, **{**SETTINGS, **numbers})  # type: ignore[arg-type]
    recipe = plan.value.recipe
    assert (recipe.network.units, recipe.network.dropout, recipe.training.epochs) == (7, 0.5, 3)
    assert recipe.to_values()["network"]["units"] == 7


@pytest.mark.usefixtures("plan_only")
def test_a_budget_chooses_epochs_and_says_so(novel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`budget` is in minutes: after 10 seconds to start, two epochs of 20 seconds fit into one."""
    monkeypatch.setattr("charrnn.training.budget.measure_cost", lambda *_: Cost(10, 20))
    notes: list[str] = []
    sizes = {name: value for name, value in SETTINGS.items() if name != "epochs"}
    with pytest.raises(Planned) as plan:
        charrnn.train(novel, budget=1, on_note=notes.append, **sizes)  # type: ignore[arg-type]
    assert plan.value.recipe.training.epochs == 2
    assert notes == [
        "measuring the first steps",
        "60 s left: 10 s to start, then 2 epochs of about 20 s",
    ]


@pytest.mark.usefixtures("plan_only")
def test_a_run_starts_from_another(kept_model: KeptModel, text: str) -> None:
    """`from_` takes a run's name or a checkpoint: the new run has its network and weights."""
    weights = kept_model.model.checkpoint.weights
    for origin in ("novel", kept_model.model.path):
        with pytest.raises(Planned) as plan:
            charrnn.train(
                text=text, from_=origin, seq_length=10, checkpoints=kept_model.run.checkpoints
            )
        assert plan.value.recipe.network.units == SETTINGS["units"]
        for name, array in plan.value.borrowed.items():
            np.testing.assert_array_equal(array, weights[name])


@pytest.mark.usefixtures("plan_only")
def test_a_run_without_a_name_is_elsewhere(novel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `run`, the folder of runs stays as it is, whatever its name."""
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "mine")
    with pytest.raises(Planned) as plan:
        charrnn.train(novel, **SETTINGS)
    assert plan.value.run.checkpoints.is_dir()
    assert Path.cwd() not in plan.value.run.folder.parents
    assert list(Path.cwd().iterdir()) == [novel.resolve()]


@pytest.mark.usefixtures("plan_only")
@pytest.mark.parametrize("given", ["mine", Path("mine"), None])
def test_a_named_run_is_among_the_commands(
    given: Path | str | None, novel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` is kept in `checkpoints` or, without that, where the environment says."""
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "mine" if given is None else "other")
    with pytest.raises(Planned) as plan:
        charrnn.train(novel, run="novel", checkpoints=given, **SETTINGS)
    assert plan.value.run.folder == Path("mine/novel")


def test_load_finds_runs_as_the_commands_do(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, folder, file, newest or epoch; in `checkpoints` or where the environment says."""
    first, second = make_run("novel", 1, units=3), make_run("novel", 2, units=4)

    def units(*arguments: Any, **keywords: Any) -> int:
        return charrnn.load(*arguments, **keywords).checkpoint.network.units

    assert units("novel", epoch=1) == units("novel", np.int64(1)) == units(first) == 3
    assert units("novel") == units() == units("checkpoints/novel") == units(str(second)) == 4
    assert units(first.parent, 1) == 3
    Path("checkpoints").rename("elsewhere")
    assert units("novel", checkpoints="elsewhere") == 4
    assert units("novel", checkpoints=Path("elsewhere")) == 4
    monkeypatch.setenv("CHARRNN_CHECKPOINTS", "elsewhere")
    assert units("novel", 1) == 3


def test_a_model_knows_what_it_learnt_from() -> None:
    """A loaded model finds copies of its run's training text, not of what was held back."""
    write_trained()
    text = f"{LEARNT[5:40]}XX{HELD_BACK[:30]}"
    copies = charrnn.load("tiny").find_copies(text)
    assert [(one.start, one.length) for one in copies.stretches] == [(0, 35)]
    assert copies == charrnn.load("tiny").find_copies(text, LEARNT)
    Path("novel.txt").unlink()
    with pytest.raises(charrnn.CharrnnError, match="no longer there"):
        charrnn.load("tiny").find_copies(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("novle",), "no run 'novle' in checkpoints: the only run is novel"),
        (("novel", 3), "novel has no epoch 3: it has 1"),
        (("nowhere.weights.h5",), "no file nowhere.weights.h5"),
        (("novel", 1.0), "`epoch` must be int, not float"),
        ((7,), "`run` must be a name or a path, not int"),
    ],
)
def test_load_says_what_it_looked_for(
    arguments: tuple[Any, ...], message: str, make_run: MakeRun
) -> None:
    """An error names what was looked for, where, and what there is instead."""
    make_run("novel")
    with pytest.raises(charrnn.CharrnnError) as error:
        charrnn.load(*arguments)
    assert str(error.value).startswith(message)
