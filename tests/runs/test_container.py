"""Files of another kind, and damaged ones, are rejected; HDF5 sees none of them."""

import hashlib
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.errors import CheckpointError
from charrnn.runs import container
from charrnn.runs.checkpoint import SUFFIX, Checkpoint, read_checkpoint
from tests.support.checkpoints import (
    assert_equal,
    edit,
    reject,
    replace_block,
    run_python,
    seal,
)

TITLE = "charrnn checkpoint"


def test_missing_file_is_said_to_be_missing(path: Path) -> None:
    """No file is not a damaged file, and the cause is kept for those who want to see it."""
    assert reject(path) == f"no file {path}"
    with pytest.raises(CheckpointError) as failure:
        read_checkpoint(path)
    assert isinstance(failure.value.__cause__, FileNotFoundError)


def test_folder_is_no_checkpoint(tmp_path: Path) -> None:
    """A folder given as a checkpoint is one line too."""
    assert f"can't read {tmp_path}: it is a folder" in reject(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to is one line, at once; so is a device without end."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert "no regular file" in reject(path)


@pytest.fixture
def no_hdf5(path: Path, written: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """A checkpoint; after it was written HDF5 can't be asked for anything."""
    assert path.exists()
    monkeypatch.setattr(h5py, "File", None)
    return written


def test_reading_needs_no_hdf5(path: Path, no_hdf5: Checkpoint) -> None:
    """The weights lie where the block says, in an HDF5 file that nobody parses."""
    assert_equal(read_checkpoint(path), no_hdf5)
    code = "import sys; from pathlib import Path; from charrnn.runs import container\n"
    code += "sys.modules['h5py'] = None\n"
    code += "print(len(container.read(Path(sys.argv[1]), 'charrnn checkpoint', 2).arrays))"
    assert run_python(code, str(path)).stdout == f"{len(no_hdf5.weights)}\n"


def test_truncated_file_is_refused_at_every_length(path: Path, no_hdf5: Checkpoint) -> None:
    """A file that was cut off, anywhere, is never taken for a whole one."""
    content = path.read_bytes()
    lengths = {0, 1, 7, 8, 9, 100, len(content) - 1, *range(0, len(content), len(content) // 97)}
    for length in sorted(lengths):
        path.write_bytes(content[:length])
        reject(path)
    path.write_bytes(content)
    assert_equal(read_checkpoint(path), no_hdf5)


@pytest.mark.usefixtures("written")
def test_truncated_file_is_said_to_be_damaged(path: Path) -> None:
    """What is left of a checkpoint is called damaged, unlike a file that never was one."""
    os.truncate(path, path.stat().st_size // 2)
    assert "damaged" in reject(path)


def test_longer_file_is_refused(path: Path, written: Checkpoint) -> None:
    """What was appended to a file is noticed too."""
    assert_equal(read_checkpoint(path), written)
    with path.open("ab") as file:
        file.write(b"\0")
    assert "damaged" in reject(path)


@pytest.mark.usefixtures("no_hdf5")
def test_flipped_bits_are_found(path: Path) -> None:
    """One changed bit anywhere is found by the checksum."""
    content = path.read_bytes()
    random = np.random.default_rng(0)
    header = range(content.index(b"{"))
    for place in [*header, *random.integers(len(header), len(content), 400), len(content) - 1]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        assert str(path) in reject(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"All: Hello\n" * 1000,
        b"\x89HDF\r\n\x1a\n",
        b"\x89HDF\r\n\x1a\n" + bytes(5000),
        b"\x89PNG\r\n\x1a\n" + bytes(5000),
        bytes(100_000),
    ],
)
def test_other_files_are_no_checkpoints(path: Path, content: bytes) -> None:
    """A text, a picture, nothing at all: each is one line."""
    path.write_bytes(content)
    assert "not a charrnn checkpoint" in reject(path)


@settings(deadline=None)
@given(content=st.binary(max_size=3000))
def test_junk_is_no_checkpoint(content: bytes) -> None:
    """Random bytes are no checkpoint, whatever they are."""
    path = Path(f"junk{SUFFIX}")
    path.write_bytes(content)
    assert "is not a charrnn checkpoint" in reject(path)


def test_keras_archive_is_no_checkpoint(tmp_path: Path) -> None:
    """A `.keras` file, which is a zip, is said to be no checkpoint."""
    archive = tmp_path / "model.keras"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("config.json", "{}")
    assert "is not a charrnn checkpoint" in reject(archive)


def test_other_programs_hdf5_is_recognized(path: Path) -> None:
    """An HDF5 file with other things in it is said to be another program's."""
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(5)
    assert "another program's" in reject(path)


@pytest.mark.usefixtures("written")
def test_newer_format_asks_for_an_upgrade(path: Path) -> None:
    """A file of a later charrnn is not guessed at."""
    seal(path, form="format 3")
    assert reject(path) == f"{path} is of another, probably newer, format: upgrade charrnn"


@pytest.mark.usefixtures("written")
def test_the_first_format_was_never_released(path: Path) -> None:
    """Its files have to be made again."""
    seal(path, form="format 1")
    assert reject(path).endswith("before its first release: train again")


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("form", ["", "format", "format two", "format 2.0", "format 2 or so"])
def test_unknown_formats_are_refused(path: Path, form: str) -> None:
    """A format that is not written the way ours is written is not ours."""
    seal(path, form=form)
    assert "format" in reject(path)


def test_header_says_what_the_file_is(path: Path, written: Checkpoint) -> None:
    """The first lines are text that a person can check without this program."""
    content = path.read_bytes()
    title, form, digest, rest = content.split(b"\n", 3)
    assert (title, form) == (b"charrnn checkpoint", b"format 2")
    assert digest == b"sha256 " + hashlib.sha256(rest).hexdigest().encode()
    seal(path)
    assert path.read_bytes() == content
    assert_equal(read_checkpoint(path), written)


@settings(max_examples=40, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(0, 5), max_size=3), max_size=5),
    dtype=st.sampled_from(["f4", "f8", "i4", "i8", "u4", "u8", ">f4"]),
    text=st.text(max_size=2000),
)
def test_what_is_written_is_read(shapes: list[list[int]], dtype: str, text: str) -> None:
    """Arrays of any shape, empty ones too, and any content, however long its line is."""
    path, random = Path("any.bin"), np.random.default_rng(0)
    arrays = {
        f"a/{n}": random.integers(0, 9, shape).astype(dtype) for n, shape in enumerate(shapes)
    }
    container.write(path, "test", 2, {"text": text}, arrays)
    found = container.read(path, "test", 2)
    assert found.content == {"text": text}
    assert list(found.arrays) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], values)
    with h5py.File(path) as file:
        for name, values in arrays.items():
            np.testing.assert_array_equal(file[name][()], values)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "described",
    [
        ["<f4", [7, 28], 10**12],
        ["<f4", [7, 28], -4],
        ["<f4", [7, 28], 1.5],
        ["<f4", [2**62, 2**62], 512],
        ["<f4", [-7, -28], 512],
        ["<f4", [True, 196], 512],
        ["<f4", "7", 512],
        ["<f4", [7, 28]],
        ["O", [7, 28], 512],
        ["<f4,<f4", [7, 28], 512],
        ["<U9", [7, 28], 512],
        [["<f4"], [7, 28], 512],
        None,
        7,
        {"a": 1},
    ],
)
def test_arrays_that_do_not_lie_in_the_file_are_refused(path: Path, described: Any) -> None:
    """Places, sizes and kinds are checked before they are used."""
    with edit(path) as values:
        values["arrays"]["layers/lstm/cell/vars/1"] = described
    assert "damaged inside" in reject(path)


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"7", b"{}", b"[" * 10**6, b'{"arrays": 7}', b"\xff", b"1" * 5000]
)
def test_blocks_of_anything_else_are_refused(path: Path, text: bytes) -> None:
    """Other JSON, none at all, and a nest of a million brackets."""
    replace_block(path, text)
    assert "damaged inside" in reject(path)


@pytest.mark.usefixtures("written")
def test_a_title_is_read_without_the_rest(path: Path) -> None:
    """What a file says that it is can be read although the rest of it is damaged."""
    os.truncate(path, 300)
    assert container.read_title(path) == "charrnn checkpoint"
    path.write_bytes(b"\xff\xfe other\nlines")
    assert container.read_title(path).endswith(" other")


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_title_that_can_not_be_read(name: str) -> None:
    """A file that is missing or is a folder is an error of ours."""
    with pytest.raises(CheckpointError, match=r"^(can't read|no file) "):
        container.read_title(Path(name))


def test_the_content_is_read_without_the_arrays(path: Path, written: Checkpoint) -> None:
    """What JSON holds is what the whole file holds, though only its start is read."""
    content = container.read(path, TITLE, 2).content
    whole = path.read_bytes()
    with path.open("r+b") as file:  # what is not read may be damaged
        file.seek(len(whole) - 10)
        file.write(bytes(10))
    reject(path)
    assert container.read_content(path, TITLE, 2) == content
    assert content["network"]["units"] == written.network.units


@pytest.mark.usefixtures("written")
def test_a_file_that_is_cut_off_is_found_out_without_the_arrays(path: Path) -> None:
    """Of a file without its end no content is read, wherever the end is missing."""
    content = path.read_bytes()
    for length in (0, 10, 100, 300, 400, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            container.read_content(path, TITLE, 2)


@pytest.mark.parametrize("text", [b"", b"{", b"7", b"[]", b'{"content": 1}', b"[" * 10**5])
@pytest.mark.usefixtures("written")
def test_a_block_of_anything_else_has_no_content(path: Path, text: bytes) -> None:
    """JSON that is none, or not as it should be, is one line."""
    replace_block(path, text)
    with pytest.raises(CheckpointError, match=r"^[^\n]+$"):
        container.read_content(path, TITLE, 2)


@pytest.mark.usefixtures("written")
def test_arrays_that_share_their_place_are_refused(path: Path) -> None:
    """Many arrays at one place would make more of a file than it holds."""
    with edit(path) as values:
        values["arrays"] = {str(n): ["<u4", [64], 512] for n in range(1000)}
    assert reject(path).endswith("ValueError")


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"[" + b"[]," * 600_000 + b"0]",
        b"[" + b'"",' * 1_100_000 + b"0]",
        b'{"content": "' + b"a" * 3 * 2**23 + b'", "arrays": {}}',
        '{"content": "\U0001f600", "arrays": {}}'.encode(),
        b'{"content": ' + b"9" * 5000 + b', "arrays": {}}',
    ],
    ids=["deep", "lists", "texts", "long", "not ASCII", "digits"],
)
def test_what_would_take_much_memory_to_parse_is_refused(path: Path, text: bytes) -> None:
    """A line of JSON of any size and depth is refused before it takes many times its size."""
    path.write_bytes(b"test\nformat 2\nsha256 \n" + text + b"\n")
    seal(path)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="damaged inside"):
        container.read(path, "test", 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(text) + 1_000_000


def test_what_could_not_be_read_again_is_not_written(path: Path) -> None:
    """A vocabulary too large for a file's block is an error before anything is written."""
    with pytest.raises(CheckpointError, match=r"can't be written: its vocabulary .* `max_words`"):
        container.write(path, "test", 2, ["word"] * 1_100_000, {})
    assert not path.exists()


@pytest.mark.slow
def test_the_most_words_of_another_script_can_be_written(path: Path) -> None:
    """250,000 long words in Cyrillic fit, although each letter takes six bytes."""
    words = [f"{number:06}" + "д" * 14 for number in range(250_000)]
    container.write(path, "test", 2, words, {})
    assert container.read(path, "test", 2).content == words


def test_what_may_be_parsed_takes_bounded_memory(path: Path) -> None:
    """A single emoji makes four bytes of each letter beside it; that is still below 200 MB."""
    text = b'{"content": "' + b"a" * (3 * 2**23 - 100) + rb'\ud83d\ude00", "arrays": {}}'
    path.write_bytes(b"test\nformat 2\nsha256 \n" + text + b"\n")
    seal(path)
    tracemalloc.start()
    container.read(path, "test", 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < path.stat().st_size + 200_000_000


def test_a_title_is_quoted_only_if_it_can_be_shown(path: Path) -> None:
    """What a stranger wrote in the first line does not reach the message raw."""
    path.write_bytes(b"charrnn \x0c\x1b[2J\nformat 2\n")
    assert reject(path).endswith("is not a charrnn checkpoint")


def test_a_large_file_is_held_once(path: Path) -> None:
    """Reading takes the file's own size, and not a second copy of it."""
    container.write(path, "test", 2, {}, {"a": np.zeros(2_000_000, np.float32)})
    tracemalloc.start()
    container.read(path, "test", 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 9_000_000
