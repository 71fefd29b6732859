"""`python -m tests.fuzz COUNT SECONDS`: mutate each kind of file, COUNT in all; the verdicts."""

import itertools
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fuzz.judge import judge
from tests.fuzz.seeds import make_seeds

_COUNT = 100_000
_SECONDS = 2.0
_BATCH = 500  # files a child, so that one's leaks do not count against another


def main() -> None:
    """Judge them all; exit with 1 if one did harm."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else _SECONDS
    harmless = True
    print(f"{'file':28} {'mutations':>9} {'read':>7} {'refused':>8} {'harm':>5}")
    with tempfile.TemporaryDirectory() as folder:
        seeds = make_seeds(Path(folder))
        for seed in seeds:
            seed.use()  # imports what it needs before anything is forbidden
            cases = range(-(-count // len(seeds)))
            batches = (cases[at : at + _BATCH] for at in range(0, len(cases), _BATCH))
            verdicts = itertools.chain.from_iterable(judge(seed, b, seconds) for b in batches)
            outcomes: Counter[str] = Counter()
            for verdict in verdicts:
                outcomes[verdict.outcome if verdict.harmless else "harm"] += 1
                if not verdict.harmless:
                    print(f"{seed.name}, case {verdict.case}: {verdict.outcome}", flush=True)
            harmless &= not outcomes["harm"]
            numbers = (outcomes[name] for name in ("read", "refused", "harm"))
            print("{:28} {:9,} {:7,} {:8,} {:5,}".format(seed.name, len(cases), *numbers))
    sys.exit(not harmless)


if __name__ == "__main__":
    main()
