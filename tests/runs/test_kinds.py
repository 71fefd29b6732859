"""The table of kinds, and that advice follows a run's kind rather than its folder's name."""

from pathlib import Path

import click
import pytest

from charrnn.cli.program import program
from charrnn.runs.history import EpochResult
from charrnn.runs.kinds import CLASSIFIER, KINDS, LANGUAGE, WORD_MODEL, Kind
from tests.support import kinds
from tests.support.commands import fail

RESULT = EpochResult(1, 2.5, 2.25, 1.0)


@pytest.mark.parametrize("field", ["name", "subfolder", "title"])
def test_kinds_are_distinct(field: str) -> None:
    """No two kinds share a name, a subfolder or the first line of their files."""
    assert len({getattr(kind, field) for kind in KINDS}) == len(KINDS) == 3


def test_what_is_on_disk_stays() -> None:
    """The subfolders and titles are those of the files that are in use."""
    assert {kind.subfolder: kind.title for kind in (LANGUAGE, CLASSIFIER, WORD_MODEL)} == {
        "": "charrnn checkpoint",
        "classify": "charrnn classifier",
        "pretrained": "charrnn word model",
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_commands_exist(kind: Kind) -> None:
    """The commands that train and use a kind of network can be typed."""
    for words in (kind.command, kind.use):
        command: object = program
        for word in words.split()[1:]:
            assert isinstance(command, click.Group)
            command = command.commands[word]
        assert isinstance(command, click.Command)


def test_advice_follows_the_files_and_not_the_folder(tmp_path: Path) -> None:
    """A language model kept in a folder called classify is resumed with charrnn train."""
    checkpoints = tmp_path / "classify"
    kinds.write_resume_file(kinds.make_run(checkpoints, LANGUAGE, "novel"), RESULT)
    line = fail(1, "train", "pydoc", "--run", "novel", "--checkpoints", checkpoints)
    assert line.endswith(f"with charrnn train --resume novel --checkpoints {checkpoints}")
    line = fail(1, "sample", "--run", "novel", "--checkpoints", checkpoints)
    assert line.endswith(f"with charrnn train --resume novel --checkpoints {checkpoints}")
