"""Planning can be driven without a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

import charrnn.planning
from charrnn.planning.report import Reporter, Silence
from tests.support.reporting import RecordingReporter

MODULES = sorted(path.stem for path in Path(charrnn.planning.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("reporter", [Silence(), RecordingReporter()], ids=["silence", "recording"])
def test_a_reporter_prints_nothing_by_itself(
    reporter: Reporter, capfd: pytest.CaptureFixture[str]
) -> None:
    """Notes, details and downloads go to the reporter, and from silence nowhere."""
    reporter.note("a note")
    reporter.detail("a detail")
    with reporter.download("a file") as progress:
        progress(1, 2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_planning_needs_no_command_line_and_no_tensorflow() -> None:
    """All its modules can be imported without click, rich and TensorFlow."""
    assert {"language", "reviews", "words"} < {*MODULES}
    imports = "".join(f"import charrnn.planning.{module}\n" for module in MODULES)
    heavy = "print([n for n in ('click', 'rich', 'tensorflow', 'keras') if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{imports}{heavy}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"
