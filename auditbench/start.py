"""The entry point of `auditbench`: the packages are looked at, then the command line is loaded."""

from __future__ import annotations

import sys
from typing import NoReturn

from auditbench.clash import find_clash

EXIT_USAGE = 2
"""As in harness/errors.py, which may be the part that is not ours."""


def main() -> NoReturn:
    """Run the command line; end with one line if the packages belong to somebody else."""
    clash = find_clash()
    if clash is not None:
        print(f"auditbench: {clash.text}", file=sys.stderr)
        if clash.is_fatal:
            sys.exit(EXIT_USAGE)
    from harness.cli import main as command_line

    command_line()
