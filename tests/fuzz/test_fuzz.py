"""No file from a stranger brings the program down, hangs it, or makes it do anything else.

`make fuzz` tries 100,000 files; here a fiftieth of them is tried on every run.
"""

import faulthandler
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from charrnn.errors import CheckpointError
from charrnn.runs import container
from tests.fuzz.judge import judge
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import Seed, make_seeds

PROJECT = Path(__file__).parents[2]
COUNT = 170  # of each of 13 kinds of file
SECONDS = 20.0  # 2 in `make fuzz`, where nothing else runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork here")

KINDS = (
    *("language model, rnn", "language model, lstm", "language model, gru"),
    *("language model, gru, int8", "language model, bytes"),
    *("classifier", "classifier of subwords", "classifier of bigrams", "word model"),
    *("resume file, language model", "resume file, classifier", "resume file, word model"),
    "gradients",
)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seed]:
    made = {seed.name: seed for seed in make_seeds(tmp_path_factory.mktemp("seeds"))}
    assert tuple(made) == KINDS
    return made


@pytest.fixture(scope="module")
def campaign() -> str:
    """What `python -m tests.fuzz` prints: a process without TensorFlow's threads forks safely."""
    words = ["-m", "tests.fuzz", str(COUNT * len(KINDS)), str(SECONDS)]
    done = subprocess.run(
        [sys.executable, *words], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", KINDS)
def test_no_mutation_does_harm(campaign: str, name: str) -> None:
    """Each is read or refused in one line: no crash, no hang, little memory, no other file."""
    assert f"{name}, case " not in campaign
    (row,) = re.findall(rf"^{name} +([\d, ]+)$", campaign, re.MULTILINE)
    count, read, refused, harm = map(int, row.split())
    assert (count, read + refused, harm) == (COUNT, COUNT, 0)
    if name != "gradients":  # which are measured again if they can't be read
        assert refused > COUNT / 3  # so the mutations do something,
        assert read > COUNT / 50  # and leave some files whole


def crash() -> None:
    faulthandler.disable()  # pytest's, which would print every frame
    os.abort()


def hang() -> None:
    time.sleep(600)


def dawdle() -> None:
    time.sleep(0.3)


def take_memory() -> None:
    bytearray(300 * 2**20)


def open_another_file() -> None:
    Path("/etc/passwd").read_bytes()


def run_code() -> None:
    exec("1")  # noqa: S102 - what must be noticed


def import_a_module() -> None:
    sys.modules.pop("colorsys", None)
    __import__("colorsys")


def fail_unexpectedly() -> None:
    raise OverflowError


def say_too_much() -> None:
    raise CheckpointError("x" * 400)


def say_two_lines() -> None:
    raise CheckpointError("a\nb")


@pytest.mark.parametrize(
    ("use", "outcome"),
    [
        (crash, "crash"),
        (hang, "hangs"),
        (dawdle, "takes 0."),
        (take_memory, "MemoryError"),
        (open_another_file, "open /etc/passwd"),
        (run_code, "compile "),
        (import_a_module, "import colorsys"),
        (fail_unexpectedly, "OverflowError"),
        (say_too_much, "is refused in 400 characters"),
        (say_two_lines, "is refused in 3 characters"),
    ],
)
def test_harm_is_noticed(tmp_path: Path, use: Callable[[], None], outcome: str) -> None:
    """What a reader may never do is found, and the cases after it are tried too."""
    calls: list[int] = []

    def use_one_badly() -> None:
        calls.append(1)
        if len(calls) == 2:
            use()

    path = tmp_path / "file"
    container.write(path, "test", 2, {}, {})
    seed = Seed("test", path.read_bytes(), path, use_one_badly)
    verdicts = list(judge(seed, range(5), seconds=0.2))
    assert [verdict.case for verdict in verdicts][:5] == [0, 1, 2, 3, 4]
    assert verdicts[1].outcome.startswith(outcome)
    assert verdicts[0].harmless
    assert verdicts[2].harmless


def test_a_mutation_is_the_same_each_time(seeds: dict[str, Seed]) -> None:
    """A finding can be repeated: its number makes the file again."""
    seed = seeds["classifier"]
    again = [mutate(seed.content, Random(str(case))) for case in range(50)]
    assert again == [mutate(seed.content, Random(str(case))) for case in range(50)]
    assert len(set(again)) > 40
    assert seed.content not in again[:3]
