"""What a new run may be called, and where its path may lead."""

from pathlib import Path

import pytest

from charrnn.errors import CharrnnError, RunError, RunExistsError, UsageError
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from charrnn.runs.names import choose_name, claim_folder
from charrnn.runs.run import Run
from tests.support import kinds
from tests.support.messages import catch_message

RESULT = EpochResult(1, 2.5, 2.25, 1.0)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def reject_name(checkpoints: Path, name: str, kind: type[CharrnnError] = RunError) -> str:
    """The message with which a new language model's name is rejected."""
    return catch_message(kind, lambda: choose_name(checkpoints, LANGUAGE, name))


@pytest.mark.parametrize("name", ["novel", "a", "2", "v1.0", "A_b+c-d", "夢", "x" * 100])
def test_plain_names_are_accepted(checkpoints: Path, name: str) -> None:
    """A name of letters and digits of any script, and of . _ + - after the first, is valid."""
    assert choose_name(checkpoints, LANGUAGE, name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "-x", ".x", "_x", "a b", "a\n"])
def test_names_that_no_folder_should_have_are_rejected(checkpoints: Path, name: str) -> None:
    """A name with a blank or a leading sign is rejected with what may be used."""
    message = reject_name(checkpoints, name, UsageError)
    assert message == (
        f"`run` {name!r} can't be a folder's name: use letters and digits, and after the "
        "first of them also . _ + -"
    )


@pytest.mark.parametrize("name", ["novel", "a b"])
def test_checking_a_name_claims_nothing(checkpoints: Path, name: str) -> None:
    """A name is judged without a folder being made for it; only claiming makes one."""
    for _ in range(2):
        try:
            choose_name(checkpoints, LANGUAGE, name)
        except UsageError:
            assert name == "a b"
        assert not checkpoints.exists()
    claim_folder(checkpoints, LANGUAGE, "novel", "lstm")
    assert [path.name for path in checkpoints.iterdir()] == ["novel-lstm"]


@pytest.mark.parametrize("file", ["epoch-0001.weights.h5", "resume.h5", "interrupted.weights.h5"])
def test_an_existing_run_is_not_overwritten(run: Run, checkpoints: Path, file: str) -> None:
    """Whatever a run has left under a name, a new one of that name is rejected."""
    (run.folder / file).touch()
    with pytest.raises(RunExistsError) as failure:
        choose_name(checkpoints, LANGUAGE, "tiny")
    assert str(failure.value) == (
        f"run 'tiny' exists in {checkpoints}: choose another name as `run`, or resume it"
    )
    assert (failure.value.kind, failure.value.name) == (LANGUAGE.name, "tiny")


@every_kind
def test_a_name_is_taken_among_its_own_kind_only(checkpoints: Path, kind: Kind) -> None:
    """A classifier may be called like a language model: they lie in different folders."""
    kinds.write_resume_file(kinds.make_run(checkpoints, kind, "mine"), RESULT)
    for other in KINDS:
        if other == kind:
            with pytest.raises(RunExistsError) as failure:
                choose_name(checkpoints, other, "mine")
            assert failure.value.kind == kind.name
        else:
            choose_name(checkpoints, other, "mine")


def test_the_kind_of_a_run_in_the_way_is_what_its_files_say(tmp_path: Path) -> None:
    """The error about a taken name says which kind of run took it, so the advice can fit."""
    language = tmp_path / "classify"
    kinds.write_resume_file(kinds.make_run(language, LANGUAGE, "mine"), RESULT)
    with pytest.raises(RunExistsError) as failure:
        choose_name(tmp_path, CLASSIFIER, "mine")
    assert failure.value.kind == LANGUAGE.name


def test_a_folder_without_a_run_can_be_used(checkpoints: Path) -> None:
    """An empty folder, left by a run that failed at once, does not take the name."""
    kinds.make_run(checkpoints, LANGUAGE, "tiny")
    assert choose_name(checkpoints, LANGUAGE, "tiny") == "tiny"


@every_kind
def test_the_path_of_its_folder_is_its_name(kind: Kind) -> None:
    """A path that leads into the folder of such runs names the run there, however it is written."""
    folder = Path("checkpoints") / kind.subfolder
    for given in ("novel/", f"{folder}/novel", f"{folder}/novel/", f"./{folder}/novel"):
        assert choose_name(Path("checkpoints"), kind, given) == "novel"
    assert choose_name(Path("checkpoints"), kind, str(folder.resolve() / "novel")) == "novel"


@pytest.mark.parametrize("path", ["a/b", "../x", "/x", "./x", "checkpoints/a/b"])
def test_a_path_that_leads_elsewhere_is_rejected(checkpoints: Path, path: str) -> None:
    """A run is never made outside the folder of runs: the error says how to do that."""
    message = reject_name(checkpoints, path, UsageError)
    assert message == (
        f"`run` {path} is not in {checkpoints}, where a language model is kept: give a name alone, "
        "or another folder as `checkpoints`"
    )


@pytest.mark.parametrize("name", ["classify", "pretrained", "classify/", "checkpoints/classify"])
def test_the_folder_of_another_kind_is_no_name(name: str) -> None:
    """Else removing the run would remove every classifier; those may themselves be called so."""
    message = reject_name(Path("checkpoints"), name, UsageError)
    assert message.startswith("`run` can't be ")
    assert message.endswith("the folder of other kinds of run: give another name")
    for kind in (CLASSIFIER, WORD_MODEL):
        assert choose_name(Path("checkpoints"), kind, "classify") == "classify"


def test_the_folder_of_a_run_may_be_a_link(checkpoints: Path, tmp_path: Path) -> None:
    """A folder that was linked to another disk beforehand is named like any other."""
    (tmp_path / "disk").mkdir()
    checkpoints.mkdir()
    (checkpoints / "novel").symlink_to(tmp_path / "disk")
    assert choose_name(checkpoints, LANGUAGE, str(checkpoints / "novel")) == "novel"
