"""Draws the pictures of README and docs from the kept runs: `python docs/images/draw.py [FOLDER]`.

To be called when a kept run was replaced; a test compares what the pictures say with the runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness import api
from harness.reporters.plots.picture import picture_bytes

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


def pictures() -> dict[str, bytes]:
    """Each picture as the kept run has it now."""
    run = api.load(ROOT / "results/reference" / RUN)
    return {
        name: picture_bytes(run.plot(kind, workload=WORKLOAD), "svg")
        for name, kind in PICTURES.items()
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, picture in pictures().items():
        (folder / name).write_bytes(picture)
        print(folder / name)
