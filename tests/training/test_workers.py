"""Several processes train one network: for real, over this machine's own network."""

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charrnn
from charrnn.runs.kinds import LANGUAGE
from charrnn.runs.resume import read_place
from charrnn.runs.run import Run
from charrnn.runs.saved import Saved
from tests.support.cluster import (
    LIMIT,
    end,
    find_addresses,
    list_commands,
    run_module,
    start_all,
)
from tests.support.processes import environment, run

pytestmark = pytest.mark.timeout(480)  # several TensorFlows start at a time

SMALL = ("--units", 16, "--embedding", 4, "--batch-size", 8, "--seq-length", 20, "--seed", 5)


def write_novel(folder: Path) -> Path:
    """A text of 26,000 characters that can be learnt a little."""
    path = folder / "novel.txt"
    words = ("one", "three", "seven", "eleven")
    path.write_text(" ".join(random.Random(1).choices(words, k=5_000)), encoding="utf-8")
    return path


def train(folder: Path, count: int, devices: int = 1) -> dict[str, Any]:
    """What each worker wrote down, and what the chief saved at the end."""
    folder.mkdir()
    workers = find_addresses(count) if count > 1 else ()
    workers = (str(devices),) if devices > 1 else workers
    commands = [
        run_module("tests.support.worker", folder, index, *workers) for index in range(count)
    ]
    with start_all(commands) as processes:
        for process in processes:
            ended = end(process)
            assert ended.code == 0, ended.stderr
    found = [json.loads((folder / f"{n}.json").read_text()) for n in range(count)]
    saved = Run(folder / "run", LANGUAGE)
    return {
        "losses": [one["losses"] for one in found],
        "exchanges": [one["exchanges"] for one in found],
        "results": saved.read_history(),
        "variables": Saved(saved).take_variables(),
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process does."""
    return train(tmp_path_factory.mktemp("alone") / "one", 1)


@pytest.mark.parametrize(
    ("count", "devices"),
    [
        (2, 1),
        pytest.param(4, 1, marks=pytest.mark.slow),
        pytest.param(1, 2, marks=pytest.mark.slow),
    ],
)
def test_several_workers_do_what_one_does(
    alone: dict[str, Any], tmp_path: Path, count: int, devices: int
) -> None:
    """The loss of every step, and in the end all that is saved, whatever is random in a step.

    Clipping bites in every step; decay, the schedule and all four dropouts are on. A step takes one
    exchange: each is several round trips of the network.
    """
    together = train(tmp_path / "together", count, devices)
    assert together["exchanges"] == [int(count > 1)] * count
    assert alone["exchanges"] == [0]
    (expected,) = alone["losses"]
    assert len(expected) >= 50
    for losses in together["losses"]:
        np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-5)
        assert losses == together["losses"][0]
    for found, one in zip(together["variables"], alone["variables"], strict=True):
        np.testing.assert_allclose(found, one, rtol=0, atol=1e-4)
    validation = [result.loss for result in together["results"]]
    np.testing.assert_allclose(
        validation, [result.loss for result in alone["results"]], rtol=0, atol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(("count", "killed"), [(2, 0), (2, 1), (4, 2)])
def test_a_worker_that_dies_ends_the_job(tmp_path: Path, count: int, killed: int) -> None:
    """Within a minute each other worker says who was lost; what was saved is trained on by one."""
    novel = write_novel(tmp_path)
    words = (novel, *SMALL, "--epochs", 200, "--run", "novel", "--checkpoint-every", 0.01)
    folder = ("--checkpoints", tmp_path / "runs")
    commands = list_commands(count, *words, *folder)
    run_of_it = Run(tmp_path / "runs" / "novel", LANGUAGE)
    with start_all(commands) as processes:
        while not run_of_it.history_file.exists():
            assert processes[0].poll() is None, processes[0].communicate()
            time.sleep(0.05)
        time.sleep(random.uniform(0, 2))
        processes[killed].send_signal(signal.SIGKILL)
        began = time.monotonic()
        others = [process for index, process in enumerate(processes) if index != killed]
        ends = [end(process) for process in others]
    assert time.monotonic() - began < 60
    address = commands[0][commands[0].index("--workers") + 1].split(",")[killed]
    for ended in ends:
        last = ended.stderr.strip().splitlines()[-1]
        assert ended.code == 1
        assert last.startswith(f"charrnn: worker {killed} ({address}) was lost")
    done = len(run_of_it.read_history())
    resumed = run("train", "--resume", "novel", "--epochs", done + 2, *folder)
    assert resumed.returncode == 0, resumed.stderr
    assert len(run_of_it.read_history()) == done + 2


@pytest.mark.slow
def test_a_job_is_stopped_and_resumed_with_another_number_of_workers(tmp_path: Path) -> None:
    """Two workers are stopped within an epoch, four go on: as if one had never stopped."""
    novel = write_novel(tmp_path)
    words = (novel, *SMALL, "--epochs", 6, "--dropout", 0.2)
    folder = ("--checkpoints", tmp_path)
    with start_all(list_commands(2, *words, "--run", "novel", *folder)) as processes:
        stopped = Run(tmp_path / "novel", LANGUAGE)
        while not stopped.history_file.exists():
            assert processes[0].poll() is None, processes[0].communicate()
            time.sleep(0.02)
        processes[1].send_signal(signal.SIGTERM)
        ends = [end(process) for process in processes]
    assert [ended.code for ended in ends] == [130, 143]
    assert read_place(stopped).point is not None
    assert "is saved" in ends[0].stderr
    assert ends[1].stderr == ""
    with start_all(list_commands(4, "--resume", "novel", *folder)) as processes:
        assert [end(process).code for process in processes] == [0] * 4
    whole = run("train", *words, "--run", "whole", *folder)
    assert whole.returncode == 0, whole.stderr
    found, expected = (read_losses(Run(tmp_path / name, LANGUAGE)) for name in ("novel", "whole"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def read_losses(trained: Run) -> list[tuple[float, float]]:
    """Of training and validation, for each epoch."""
    return [(result.train_loss, result.loss) for result in trained.read_history()]


@pytest.mark.slow
def test_workers_that_were_not_started_alike_refuse_to_train(tmp_path: Path) -> None:
    """Both say which setting differs, and nothing is left."""
    novel = write_novel(tmp_path)
    words = (novel, *SMALL, "--epochs", 1, "--run", "novel", "--checkpoints", tmp_path / "runs")
    chief, other = list_commands(2, *words)
    with start_all([chief, [*other, "--dropout", "0.3"]]) as processes:
        ends = [end(process) for process in processes]
    for ended in ends:
        assert ended.code == 2
        last = ended.stderr.strip().splitlines()[-1]
        assert "differs from worker 0 in --dropout (0.3, not 0.55): start all workers alike" in last
    assert not (tmp_path / "runs" / "novel").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--batch-size", 9), "--batch-size 9 can't be divided among 2 workers"),
        (("--budget", 1), "--budget and --cell all are for one device"),
        (("--cell", "all"), "--budget and --cell all are for one device"),
    ],
)
def test_what_several_workers_can_not_train(
    tmp_path: Path, words: tuple[object, ...], expected: str
) -> None:
    """Each of them says so."""
    novel = write_novel(tmp_path)
    with start_all(list_commands(2, novel, *SMALL, *words, "--checkpoints", tmp_path)) as processes:
        ends = [end(process) for process in processes]
    assert all(expected in ended.stderr for ended in ends), ends
    assert all(ended.code == 2 for ended in ends)


ROOT = Path(charrnn.__file__).parent.parent
SCONTROL = "#!/bin/bash\necho localhost\n"
SRUN = """#!/bin/bash
shift 2 # its own options
for SLURM_PROCID in 1 0; do
    SLURM_PROCID=$SLURM_PROCID "$@" &
done
wait -n && wait -n
"""


@pytest.mark.slow
@pytest.mark.parametrize("example", ["train.sbatch", "job.yaml"])
def test_the_examples_for_schedulers(tmp_path: Path, example: str) -> None:
    """What they run trains two workers here, and when it is run again it resumes."""
    novel = write_novel(tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    options = " ".join(map(str, (*SMALL, "--epochs", 2)))
    own = "#!/bin/bash\nfor word; do [ \"$word\" = --resume ] && options='--epochs 4'; done\n"
    own += f'exec {sys.executable} -m charrnn "$@" ${{options-{options}}}\n'
    for name, text in {"charrnn": own, "scontrol": SCONTROL, "srun": SRUN}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    workers = find_addresses(2)
    given = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TEXT": str(novel),
        "CHARRNN_CHECKPOINTS": str(tmp_path / "runs"),
    }
    script = (ROOT / "docs/scale" / example).read_text(encoding="utf-8")
    if example == "job.yaml":
        shell = textwrap.dedent(script.split("- |\n")[1].split("          resources:")[0])
        indices = [{"WORKERS": ",".join(workers), "JOB_COMPLETION_INDEX": str(n)} for n in (0, 1)]
    else:
        _, port = workers[0].split(":")
        slurm = {"SLURM_JOB_NODELIST": "here", "SLURM_NTASKS_PER_NODE": "2", "PORT": port}
        shell, indices = script, [slurm]
    for epochs in (2, 4):
        jobs = [
            subprocess.Popen(
                ["/bin/bash", "-c", shell], env=environment(**given, **one), stderr=subprocess.PIPE
            )
            for one in indices
        ]
        errors = [job.communicate(timeout=LIMIT)[1] for job in jobs]
        assert [job.returncode for job in jobs] == [0] * len(jobs), errors
        assert len(Run(tmp_path / "runs" / "big", LANGUAGE).read_history()) == epochs


CHIEF = """
import sys, time, charrnn

def stop(_):
    raise KeyError("enough")

novel, folder, *workers = sys.argv[1:]
try:
    charrnn.train(novel, units=16, embedding=4, batch_size=8, epochs=3, run="novel",
                  checkpoints=folder, workers=workers, worker=0, on_epoch=stop)
except KeyError:
    print("raised", flush=True)
    time.sleep(300)
"""
OTHER = """
import sys, charrnn

novel, folder, *workers = sys.argv[1:]
try:
    charrnn.train(novel, units=16, embedding=4, batch_size=8, epochs=3, workers=workers, worker=1)
except charrnn.CharrnnError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


@pytest.mark.slow
def test_a_chief_that_raises_ends_the_job_though_its_process_lives_on(tmp_path: Path) -> None:
    """As in a notebook: the other worker is told."""
    places = [str(write_novel(tmp_path)), str(tmp_path / "runs"), *find_addresses(2)]
    with start_all([[sys.executable, "-c", code, *places] for code in (CHIEF, OTHER)]) as both:
        chief, other = both
        ended = end(other)
        assert chief.poll() is None
    assert ended.code == 1
    assert f"WorkerLostError: worker 0 ({places[2]}) was lost" in ended.stderr


MEET_AND_LEAVE = """
import sys
from charrnn.config.cluster import Cluster
from charrnn.training import language, rendezvous
from charrnn.training.rendezvous import Contacts

meet = rendezvous.meet
def leave(*arguments):
    meet(*arguments)
    sys.exit(9)

from charrnn.training import workers
workers.meet = leave
"""


@pytest.mark.slow
@pytest.mark.parametrize("gone", [0, 1])
def test_a_worker_that_leaves_before_all_are_connected_is_lost(tmp_path: Path, gone: int) -> None:
    """The other doesn't wait for it."""
    words = (write_novel(tmp_path), *SMALL, "--run", "novel", "--checkpoints", tmp_path / "runs")
    commands = list_commands(2, *words)
    place = commands[gone].index("-c") + 1
    commands[gone][place] = MEET_AND_LEAVE + commands[gone][place]
    with start_all(commands) as processes:
        ends = [end(process) for process in processes]
    assert [ended.code for ended in ends] == ([9, 1] if gone == 0 else [1, 9])
    assert f"worker {gone} (" in ends[1 - gone].stderr
    assert "was lost" in ends[1 - gone].stderr.strip().splitlines()[-1]
