"""What computes a run: enough to know later why another machine gives other weights."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import tensorflow as tf

_PACKAGES = ("charrnn", "tensorflow", "keras", "numpy", "numba")


def describe_environment() -> dict[str, str]:
    """Versions of Python and of the packages that compute, the system, its cores and GPUs."""
    found = describe_packages()
    found |= {"system": platform.platform(), "cores": str(_count_cores())}
    gpus = len(tf.config.list_physical_devices("GPU"))
    return found | ({"gpus": str(gpus)} if gpus else {})


def describe_packages() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # numba may be left out
            continue
    return found


def _count_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
