"""Another program's HDF5 file: only numbers come out, whatever is in it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.export import hdf5
from charrnn.export.hdf5 import Contents, read_hdf5
from tests.support.messages import catch_message


def read(path: Path) -> Contents:
    with path.open("rb") as file:
        return read_hdf5(file, str(path))


def refuse(path: Path) -> str:
    message = catch_message(CheckpointError, partial(read, path))
    assert len(message.splitlines()) == 1
    assert str(path) in message
    return message


def test_floats_come_out_in_the_order_of_the_layers(tmp_path: Path) -> None:
    """Of any width, little end first; layers by their numbers; whole numbers and optimizers not."""
    names = ["lstm", "lstm_1", "lstm_2", "lstm_10"]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for place, name in enumerate(reversed(names)):
            file[f"layers/{name}/vars/0"] = np.full((2, 3), place, ("<f4", ">f8", "<f2")[place % 3])
        file["layers/dropout/vars/0"] = np.zeros(2, np.uint32)
        file["optimizer/vars/1"] = np.zeros(2, np.float32)
    found = read(tmp_path / "x.h5")
    assert list(found.arrays) == [f"layers/{name}/vars/0" for name in names]
    assert [values.ravel()[0] for values in found.arrays.values()] == [3, 2, 1, 0]
    assert all(values.shape == (2, 3) for values in found.arrays.values())
    assert found.config == ""


def test_keras_2_says_the_order_and_what_the_layers_are(tmp_path: Path) -> None:
    """Its lists of names go before the alphabet; names of nothing in the file are passed over."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in ("a", "b", "c"):
            file[f"model_weights/{name}/kernel:0"] = np.zeros(2, np.float32)
        file["model_weights"].attrs["layer_names"] = [b"c", b"missing", b"a", b"c", b"b"]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "ö": 1})
    found = read(tmp_path / "x.h5")
    assert [path.split("/")[1] for path in found.arrays] == ["c", "a", "b"]
    assert json.loads(found.config) == {"class_name": "Sequential", "ö": 1}


def add_soft_link(file: h5py.File, _: Path) -> None:
    file["y"] = h5py.SoftLink("/x")


def add_external_link(file: h5py.File, other: Path) -> None:
    file["y"] = h5py.ExternalLink(str(other), "x")


def add_external_data(file: h5py.File, other: Path) -> None:
    file.create_dataset("y", (4,), "<f4", external=[(str(other), 0, 16)])


def add_virtual_data(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((2,), "<f4")
    layout[:] = h5py.VirtualSource(str(other), "x", (2,))
    file.create_virtual_dataset("y", layout)


def add_compressed_data(file: h5py.File, _: Path) -> None:
    file.create_dataset("y", data=np.zeros(10**6, np.float32), compression="gzip")


def add_data_that_is_not_there(file: h5py.File, _: Path) -> None:
    file.create_dataset("y", (10**10,), "<f4")


def add_a_name_for_the_same_data(file: h5py.File, _: Path) -> None:
    for place in range(100):
        file[f"y{place}"] = file["x"]


def add_a_loop(file: h5py.File, _: Path) -> None:
    file["group/inside"] = file["/"]


def add_many_groups(file: h5py.File, _: Path) -> None:
    for place in range(10_001):
        file.create_group(f"y/{place}")


@pytest.mark.parametrize(
    ("add", "reason"),
    [
        (add_soft_link, "y is a link"),
        (add_external_link, "y is a link"),
        (add_external_data, "y lies in another file"),
        (add_virtual_data, "y lies in another file"),
        (add_compressed_data, "y is compressed"),
        (add_data_that_is_not_there, "y is larger than"),
        (add_a_name_for_the_same_data, "larger than what the file has"),
        (add_a_loop, "x.h5 is refused"),
        (add_many_groups, "too many groups"),
    ],
)
def test_what_weights_do_not_need_is_refused(
    tmp_path: Path, add: Callable[[h5py.File, Path], None], reason: str
) -> None:
    """Ways to other files, to more than the file's size, and in circles; each by its name."""
    with h5py.File(other := tmp_path / "other.h5", "w") as file:
        file["x"] = np.zeros(100, np.float32)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.zeros(1000, np.float32)
        add(file, other)
    assert reason in refuse(tmp_path / "x.h5")


@pytest.mark.slow
def test_damage_is_refused(tmp_path: Path) -> None:
    """A file that is cut off, or has anything in its structure, ends in one line."""
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones((20, 30), np.float32)
    content = (tmp_path / "whole.h5").read_bytes()
    for place in (9, 100, 600, len(content) - 100):
        (tmp_path / "x.h5").write_bytes(content[:place])
        assert "damaged" in refuse(tmp_path / "x.h5")
    (tmp_path / "x.h5").write_bytes(content[:48] + b"\xff" * 600 + content[648:])
    assert "damaged" in refuse(tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import time; time.sleep(30)", "takes over"),
        ("import os; os.abort()", "damaged"),
        ("raise MemoryError", "damaged"),
        ("print('x' * 100)", "too many arrays"),
        ("import sys; sys.stderr.write('a\\nb' * 1000); sys.exit(3)", "is refused: a ba b"),
    ],
)
def test_a_child_that_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    """HDF5 may hang, crash or take all memory that it may have: the program goes on."""
    monkeypatch.setattr(hdf5, "_SECONDS", 1)
    monkeypatch.setattr(hdf5, "_CODE", f"import resource\nresource.setrlimit(4, (0, 0))\n{code}")
    (tmp_path / "x.h5").write_bytes(b"x")
    message = refuse(tmp_path / "x.h5")
    assert reason in message
    assert len(message) < 400


def test_the_working_folder_lends_the_child_no_code(tmp_path: Path) -> None:
    """A file among the texts that is called like a module of Python's is not run."""
    for module in ("json", "codecs", "resource", "numpy", "h5py", "charrnn"):
        Path(f"{module}.py").write_text("open('run', 'w')\nraise SystemExit(3)\n")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones(2, np.float32)
    assert list(read(tmp_path / "x.h5").arrays) == ["layers/dense/vars/0"]
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("open('/etc/passwd')", "OSError"),
        ("bytearray(2**30)", "MemoryError"),
        ("os.write(1, b'x' * 10)", "OSError"),
        ("None", ""),
    ],
)
def test_the_child_can_do_little(tmp_path: Path, action: str, error: str) -> None:
    """Once it is limited it opens no file, writes none, and has little memory."""
    code = f"""if True:
        import os
        from charrnn.export.hdf5_child import limit_process
        limit_process(1000)
        try:
            {action}
        except (OSError, MemoryError) as error:
            os.write(2, ("OSError" if isinstance(error, OSError) else "MemoryError").encode())
    """
    if sys.platform != "linux" and error == "MemoryError":
        return
    with (tmp_path / "out").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=file,
            stderr=subprocess.PIPE,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert done.stderr.decode() == error
