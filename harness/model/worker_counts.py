"""What scenarios are called that are measured with several numbers of workers.

`rules` with two workers is `rules+workers-2`. What tells a scenario from another one of the same
run by its last words stays last: `rules+workers-2+exclude-exe`, `no-audit+workers-2-aa`.
"""

from __future__ import annotations

import re

from harness.model.run import AA, EXCLUDE_CALL, EXCLUDE_EXE

_LAST = (EXCLUDE_EXE, EXCLUDE_CALL, AA)
_WORKERS = re.compile(r"\+workers-[0-9]+")


def with_workers(name: str, workers: int) -> str:
    """The name of a scenario with this number of workers."""
    last = next((suffix for suffix in _LAST if name.endswith(suffix)), "")
    return f"{name.removesuffix(last)}+workers-{workers}{last}"


def without_workers(name: str) -> str:
    """The name of the same scenario in a plan with one number of workers."""
    return _WORKERS.sub("", name)
