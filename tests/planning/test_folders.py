"""Where plans read and write."""

from pathlib import Path

from charrnn.planning.folders import Folders


def test_new_runs_are_made_among_the_others_unless_a_folder_is_named() -> None:
    """Runs are found in one folder; new ones can be made in another."""
    assert Folders().checkpoints == Folders().destination == Path("checkpoints")
    folders = Folders(new_runs=Path("elsewhere"))
    assert (folders.checkpoints, folders.destination) == (Path("checkpoints"), Path("elsewhere"))
