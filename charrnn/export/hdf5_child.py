"""Arrays out of a stranger's HDF5 file, in a process that may crash.

Runs as a child of `read_hdf5`. stdin is the file; the floats in it go to stdout as safetensors, in
the order of the layers. Nothing of the file leads to another one: links and data that lie elsewhere
are refused, and the process can open no file any more.
"""

import codecs
import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from charrnn.export.safetensors import pack_arrays

REFUSED = 3
"""Exit code if the reason stands on stderr."""

_SECONDS = 60
_MEMORY = 300 * 2**20  # bytes beyond three times the file's size
_DEEPEST = 12  # groups within groups
_MOST_OBJECTS = 10_000
_MOST_CONFIG = 2**18  # bytes
_SKIPPED = {"optimizer", "optimizer_weights", "_optimizer"}
_LAYOUTS = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)
_WIDTHS = (2, 4, 8)  # bytes of a float


class RefusalError(Exception):
    """The file has something that a file of weights doesn't need."""


def main() -> None:
    """Read stdin, write stdout."""
    source = sys.stdin.buffer
    size = os.fstat(source.fileno()).st_size
    limit_process(size)
    try:
        with h5py.File(source, "r") as file:
            arrays, notes = read_arrays(file, size)
        sys.stdout.buffer.write(pack_arrays(arrays, notes))
    except RefusalError as error:
        sys.stderr.write(str(error))
        sys.exit(REFUSED)


def limit_process(size: int) -> None:
    """Let this process take little memory and time from now on, open no file and write none."""
    if sys.platform == "linux":  # others don't limit a process's memory in this way
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, used + 3 * size + _MEMORY)
    for encoding in ("ascii", "utf-8"):  # h5py's, which Python reads from files when it meets them
        codecs.lookup(encoding)
    _limit(resource.RLIMIT_CPU, _SECONDS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, 0)


def read_arrays(file: h5py.File, size: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Read all floats of a file, path to array, and what it says of its layers.

    Raises:
        RefusalError: it has links, data elsewhere, or more than its own size.
    """
    arrays: dict[str, Any] = {}
    left = size
    for path, dataset in _list_datasets(file):
        if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in _WIDTHS:
            continue  # a step's number, or a seed
        left -= dataset.nbytes
        if left < 0 or dataset.id.get_storage_size() != dataset.nbytes:
            raise RefusalError(f"{path} is larger than what the file has of it")
        arrays[path] = dataset[()]
    config = _read_text(file, "model_config")
    return {name: np.asarray(values) for name, values in arrays.items()}, {"config": config}


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    within = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (within, within))


def _list_datasets(file: h5py.File) -> Iterator[tuple[str, Any]]:
    """Walk the file, layers in their order."""
    waiting = [("", file, 0)]
    seen = 0
    while waiting:
        path, group, depth = waiting.pop()
        below = []
        for name in _order_names(group):
            inside = f"{path}/{name}".strip("/")
            seen += 1
            if seen > _MOST_OBJECTS or depth > _DEEPEST:
                raise RefusalError("it has too many groups")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise RefusalError(f"{inside} is a link")
            if not depth and name in _SKIPPED:
                continue
            if group.get(name, getclass=True) is h5py.Group:
                below.append((inside, group[name], depth + 1))
            elif group.get(name, getclass=True) is h5py.Dataset:
                yield inside, _check_dataset(inside, group[name])
        waiting += reversed(below)


def _check_dataset(path: str, dataset: Any) -> Any:
    """Refuse numbers that lie in other files, or in any form but as they are."""
    how = dataset.id.get_create_plist()
    if how.get_external_count() or how.get_layout() == h5py.h5d.VIRTUAL:
        raise RefusalError(f"{path} lies in another file")
    if how.get_layout() not in _LAYOUTS or how.get_nfilters():
        raise RefusalError(f"{path} is compressed or in chunks, which Keras doesn't do")
    return dataset


def _order_names(group: Any) -> list[str]:
    """The names in a group, in the order that Keras 2 writes beside them; else lstm_2, lstm_10."""
    if len(group) > _MOST_OBJECTS:
        raise RefusalError("it has too many groups")
    names = list(group)
    listed: Any = np.ravel(group.attrs["layer_names"]) if "layer_names" in group.attrs else []
    known = set(names)
    first = [name for name in dict.fromkeys(map(_decode, listed)) if name in known]
    return first + sorted(known - set(first), key=_split_digits)


def _split_digits(name: str) -> list[Any]:
    parts = re.split(r"(\d{1,9})", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _read_text(group: Any, name: str) -> str:
    """An attribute that is a text; empty without it."""
    text = _decode(group.attrs[name]) if name in group.attrs else ""
    if len(text) > _MOST_CONFIG:
        raise RefusalError(f"its {name} is too long")
    return text


def _decode(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
