"""Reading another program's HDF5 file, in a child process.

HDF5 reads some files forever, and some bring the process down, so ours stays away from it. The
child hands back safetensors, which are read like a stranger's.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from charrnn.errors import CheckpointError
from charrnn.export.safetensors import Array, parse_arrays

_SECONDS = 60
_LONGEST = 200  # characters of a reason
_REFUSED = 3  # what the child exits with if it says why
_CODE = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from charrnn.export.hdf5_child import main
main()
"""


class Contents(NamedTuple):
    """What a file of weights holds.

    Attributes:
        arrays: path in the file to array of floats, layers in their order.
        config: what the file says of its layers, as JSON; empty if it says nothing.
    """

    arrays: Mapping[str, Array]
    config: str


def read_hdf5(file: BinaryIO, shown: str) -> Contents:
    """Read all floats of an HDF5 file.

    Args:
        file: a regular file at its beginning.
        shown: what messages call it.

    Raises:
        CheckpointError: it is damaged, or has what a file of weights doesn't need.
    """
    # Without -P the working folder would come first, and a json.py in it would be run.
    command = [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path)]
    try:
        done = subprocess.run(  # noqa: S603 - this very program
            command, stdin=file, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(f"can't read {shown}: HDF5 takes over {_SECONDS} s for it") from error
    if done.returncode == _REFUSED:
        reason = " ".join(done.stderr.decode(errors="replace").split())[:_LONGEST]
        raise CheckpointError(f"{shown} is refused: {reason}")
    if done.returncode:
        raise CheckpointError(f"can't read {shown}: it is damaged, or no file of Keras's weights")
    try:
        arrays, notes = parse_arrays(done.stdout)
    except ValueError as error:
        raise CheckpointError(f"can't read {shown}: it has too many arrays") from error
    return Contents(arrays, notes.get("config", ""))
