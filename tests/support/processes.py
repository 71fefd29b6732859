"""The program as a process of its own."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.screens import strip_codes

MAIN = "from charrnn.cli import main; main()"
LIMIT = 60  # seconds that no step of a test should need


def environment(**changed: str) -> dict[str, str]:
    """The usual one, without what this test run or its terminal may have set."""
    odd = re.compile("PYTHON(?!PATH)|TF_|KERAS_|(COLUMNS|LINES|NO_COLOR|FORCE_COLOR)$")
    kept = {name: value for name, value in os.environ.items() if not odd.match(name)}
    return kept | {"TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"} | changed


def command(*words: object, before: str = "") -> list[str]:
    """`charrnn` in a new interpreter that takes warnings for errors and runs `before` first."""
    code = f"import sys\nsys.argv[0] = 'charrnn'\n{before}\n{MAIN}"
    return [sys.executable, "-W", "error", "-c", code, *map(str, words)]


def run(
    *words: object, before: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*words, before=before),
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=LIMIT,
    )


@contextmanager
def started(*words: object, before: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """A process with pipes, which is dead when the block ends, or when it takes too long."""
    process = subprocess.Popen(
        command(*words, before=before),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    guard = threading.Timer(LIMIT, process.kill)
    guard.start()
    with process:
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def read_until(terminal: int, pattern: str | None) -> str:
    """What is written to a terminal until it matches, or until the writer is gone."""
    shown, end = "", time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            shown += os.read(terminal, 100_000).decode(errors="replace")
        except OSError:  # how Linux says that nobody has the other end any more
            return strip_codes(shown)
        if pattern and re.search(pattern, strip_codes(shown)):
            return strip_codes(shown)
    raise TimeoutError(shown)
