"""The page's kernel: what is committed is what its source assembles to."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from charrnn.export import html

PAGE = Path(html.__file__).parent / "page"
ROOT = Path(__file__).parent.parent.parent
DECISION = ROOT / "docs/decisions/0012-a-page-that-writes.md"


def test_the_kernel_is_the_one_that_is_documented() -> None:
    """A source that was changed and not assembled, or a kernel of another source, is noticed."""
    text = DECISION.read_text(encoding="utf-8")
    documented = dict(re.findall(r"`(kernel\.\w+)` \| `(\w{64})`", text))
    found = {name: hashlib.sha256((PAGE / name).read_bytes()).hexdigest() for name in documented}
    assert documented == found
    assert documented.keys() == {"kernel.wat", "kernel.wasm"}


@pytest.mark.slow
def test_the_kernel_is_what_its_source_assembles_to(tmp_path: Path) -> None:
    """`make kernel` gives the committed bytes; tried where npm has the assembler at hand."""
    if shutil.which("npm") is None:
        pytest.skip("NOT TESTED: no npm here, which make kernel needs")
    (wabt,) = re.findall(r"^WABT := (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    made = tmp_path / "kernel.wasm"
    npm = ["npm", "exec", "--offline", "--yes", f"--package={wabt}", "--"]
    command = [*npm, "wat2wasm", str(PAGE / "kernel.wat"), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if not made.exists() and "ENOTCACHED" in done.stderr:
        pytest.skip("NOT TESTED: npm has no wabt in its cache; make kernel fetches it")
    assert done.returncode == 0, done.stderr
    assert made.read_bytes() == (PAGE / "kernel.wasm").read_bytes()
