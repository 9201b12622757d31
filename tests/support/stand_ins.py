"""Stand-ins for consumers that no distribution packages, as programs that an adapter can start."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make_stand_in(folder: Path, module: str, *misdeeds: str, pace: float = 0.2) -> Path:
    """A program that is `tests.fakes.MODULE`; see tests/fakes/stand_in.py for the misdeeds.

    `pace` multiplies its waits: those of the programs are seconds.
    """
    program = folder / module.replace("_", "-")
    program.write_text(
        "#!/bin/sh\n"
        f"export PYTHONPATH={shlex.quote(str(ROOT))} STAND_IN={','.join(misdeeds)}"
        f" STAND_IN_PACE={pace}\n"
        f'exec {shlex.quote(sys.executable)} -P -m tests.fakes.{module} "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program
