"""`python -m tests.faults [SCENARIO…]`: every fault of the scenarios, by default of all.

In the end there is a table of what came of it.
"""

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tests.faults.campaign import Counts, carry_out
from tests.faults.commands import serve
from tests.faults.scenarios import SCENARIOS

_AT_ONCE = 2
_LEAST = 200  # processes that must have been killed
_COLUMNS = {
    "moments": "moments",
    "killed": "kills at them",
    "killed_at_random": "random kills",
    "disks": "disk faults",
    "clocks": "clocks set back",
    "resumed": "resumed",
    "runs": "runs",
    "differed": "differed",
}


@dataclass(frozen=True)
class Campaign:
    """A scenario's campaign, and how its faults were made."""

    name: str
    counts: Counts
    means: str


def main() -> None:
    """Exit with 1 if a run differed, a fault did not happen, or too few processes were killed."""
    names = sys.argv[1:] or list(SCENARIOS)
    print(f"{'scenario':12}", *_COLUMNS.values(), sep="  ", flush=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        campaigns = []
        for ended in as_completed([pool.submit(_run, name) for name in names]):
            campaigns.append(ended.result())
            print_row(campaigns[-1].name, campaigns[-1].counts)
    totals = [sum(getattr(c.counts, name) for c in campaigns) for name in _COLUMNS]
    print_row("in all", Counts(*totals))
    print(*{campaign.means for campaign in campaigns}, sep="\n")
    wrong = [line for c in campaigns for line in (*c.counts.findings, *c.counts.left)]
    kills = sum(c.counts.killed + c.counts.killed_at_random for c in campaigns)
    if kills < _LEAST:
        wrong.append(f"only {kills} processes were killed, of at least {_LEAST}")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


def print_row(name: str, counts: Counts) -> None:
    """Print a line of the table."""
    cells = [f"{getattr(counts, field):{len(title)}}" for field, title in _COLUMNS.items()]
    print(f"{name:12}", *cells, sep="  ", flush=True)


def _run(name: str) -> Campaign:
    with serve() as commands:
        return Campaign(name, carry_out(name, commands), commands.say_means())


if __name__ == "__main__":
    main()
