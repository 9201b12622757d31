"""Draws the pictures of README and docs from the kept runs: `python docs/images/draw.py [FOLDER]`.

To be called when a kept run was replaced; a test compares what the pictures say with the runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness import api
from harness.reporters.plots.picture import picture_bytes

sys.path.insert(0, str(Path(__file__).parent))

from overview import Panel, overview

ROOT = Path(__file__).parents[2]
RUN, WORKLOAD = "overhead-debian12-2vcpu", "udp"
PICTURES = {
    "overhead.svg": "forest",
    "cpu.svg": "cpu",
    "ledger.svg": "ledger",
    "latency.svg": "latency",
    "drift.svg": "drift",
    "timeline.svg": "timeline",
}
"""Each picture, and which plot of RUN and WORKLOAD it is."""
OTHER_RUN = "syscalls-debian12-2vcpu"
OVERVIEW = {"overview.svg": False, "overview-dark.svg": True}
"""The picture of README, on light and on dark ground."""
CONNECT = {
    "no-audit": "no audit",
    "no-rules": "audit on, no rules",
    "disabled": "audit switched off again",
    "rules": "rules that record connects",
    "rules+exclude-exe": "rules, this program excluded",
}
"""The bars of the operation that the rules record, by scenario."""
OTHER_CALL = {
    "no-audit": "no audit",
    "disabled": "audit switched off again",
    "rules": "the same rules",
    "rules+exclude-exe": "program excluded with -S all",
    "rules+exclude-call": "program excluded from connect",
}
"""The same of a call that no rule names."""


def pictures() -> dict[str, bytes]:
    """Each picture as the kept runs have it now."""
    run = api.load(ROOT / "results/reference" / RUN)
    other = api.load(ROOT / "results/reference" / OTHER_RUN)
    panels = [
        Panel(run, WORKLOAD, "UDP connect, which the rules record", CONNECT),
        Panel(other, "syscalls", "getppid(2), which no rule names", OTHER_CALL),
    ]
    plots = {name: run.plot(kind, workload=WORKLOAD) for name, kind in PICTURES.items()}
    plots |= {name: overview(panels, dark=dark) for name, dark in OVERVIEW.items()}
    return {name: picture_bytes(figure, "svg") for name, figure in plots.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, picture in pictures().items():
        (folder / name).write_bytes(picture)
        print(folder / name)
