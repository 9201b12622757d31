"""The groups that help shows options in, in the order of their reading, and what a flag is.

Light: every command line loads it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

COMPARED = Group("What is compared", sort_key=1)
LOAD = Group("Load", sort_key=2)
CONSUMING = Group("Consumers", sort_key=3)
PRECISION = Group("Blocks and precision", sort_key=4)
HOST = Group("Host", sort_key=5)
OUTPUT = Group("Results", sort_key=6)
GENERAL = Group("General", sort_key=7)

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""An option that is given or not; there is no word that takes it back."""

RESULTS = Path("results")
"""The folder of runs unless told otherwise, below the working directory."""
RESULTS_VARIABLE = "AUDITBENCH_RESULTS"
"""The environment may name another folder for runs; the command line has the last word."""
