"""The soak of a plan: how long its one trial lasts, and at which rate."""

from __future__ import annotations

from harness.answers.quantities import parse_duration_s
from harness.errors import UsageError
from harness.model.stored.soak import Soak
from harness.run.plan.file import PlanFile
from harness.run.request import Request

LEAST_SECONDS = 10.0
"""Less has no windows to see a slope in."""
WARM_UP_SECONDS = 3.0


def soak_of(request: Request, file: PlanFile) -> Soak | None:
    """The soak of a request, None for any other plan; UsageError for one that cannot be."""
    asked = request.duration
    if file.soak is None:
        if asked is not None:
            raise UsageError(
                f"--duration has no meaning in the plan {request.plan}, which is no soak",
                remedy="leave it out, or run the plan soak",
            )
        return None
    if file.kind == "replay" or request.instrument != "timed" or request.command:
        raise UsageError(
            "a soak is of a load at a rate on this host's kernel",
            remedy="leave out --count and the command, or name another plan",
        )
    if request.load.blocks is not None or request.load.ops is not None:
        raise UsageError(
            "a soak is one trial of each cell: --blocks and --ops have no meaning",
            remedy="say how long it lasts: --duration 2h",
        )
    seconds = file.soak.seconds if asked is None else parse_duration_s("--duration", asked)
    if seconds < LEAST_SECONDS:
        raise UsageError(
            f"a soak of {seconds:g} s is too short for a slope",
            remedy=f"give {LEAST_SECONDS:g} s or more, better hours",
        )
    rate = request.load.rate_per_s or file.soak.rate_per_s
    return Soak(seconds, max(round(rate), 1))


def ops_of_soak(soak: Soak) -> int:
    """The operations of its trial."""
    return max(round(soak.seconds * soak.rate_per_s), 1)


def ops_in_warm_up(soak: Soak) -> int:
    """Those of the warm-up: a long one would show nothing."""
    return max(round(WARM_UP_SECONDS * soak.rate_per_s), 1)
