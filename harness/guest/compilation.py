"""How `consumer` and `workloads` are compiled: by setup.py for this machine, else for a guest.

setup.py reads this file before anything is installed: it needs the standard library alone.
"""

from __future__ import annotations

from typing import Any, Final

PACKAGES: Final = ("consumer", "workloads")
OPTIMISATION: Final = ("-O3",)
MACROS: Final = (("_GNU_SOURCE", "1"),)
HEADERS: Final = "consumer/c"
"""The folder of headers, below that of the packages."""


def directives(*, debug: bool = False) -> dict[str, Any]:
    """What Cython is told."""
    return {
        "language_level": 3,
        "boundscheck": debug,
        "wraparound": False,
        "initializedcheck": debug,
        "cdivision": True,
        "embedsignature": False,
        # Neither pickling nor doctest tables: modules are what their stubs say.
        "auto_pickle": False,
        "autotestdict": False,
    }
