"""Whatever happens to a process, its disk or its clock, only the epoch under way is lost.

`make faults` lets every fault happen to every kind of run; here a run meets a few.
"""

import pytest

from tests.faults.campaign import BACK, go_straight, meet
from tests.faults.commands import Commands, Fault
from tests.faults.scenarios import SCENARIOS, read_files

FAULTS = (
    Fault("kill", "half write resume.h5, 2"),
    Fault("full", "before write epoch.weights.h5"),
    Fault("kill", "after replace history.csv"),
)


@pytest.mark.slow
def test_faults(commands: Commands) -> None:
    """After each fault every file is usable; in the end all is as if nothing had happened.

    A GRU's process is killed in the middle of writing its first epoch's resume file, its disk is
    full when it resumes, it is killed between two files, and at last its clock is set back. The
    files in the end are those of an undisturbed run, byte for byte, and no others.
    """
    scenario = SCENARIOS["gru"]
    with commands.make_folder() as folder:
        for fault in FAULTS:
            assert meet(scenario, commands, folder, fault), fault
        scenario.finish(commands, folder, Fault(clock=BACK))
        assert read_files(scenario.find_run(folder)) == go_straight(scenario, commands)
