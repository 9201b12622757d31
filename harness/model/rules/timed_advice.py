"""What a change of a rule file saves in time on this host, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.rules.timed_cost import Time


@dataclass(frozen=True, slots=True)
class TimedSaving:
    """What one proposal spares, in ns, below 0 what it costs more; None where nothing was measured.

    `call` is of each call that no rule records, `matched` of each event of a line that moves up,
    `event` of each event that the proposal is about, in the time of the program that makes it,
    `event_cpu` in CPU time of program, kauditd and consumer, `log_cpu` that of all that the
    proposal adds, by records. `load` made the events; if they are not `alike`, by another call than
    those that the proposal is about.
    """

    call: Time | None
    matched: Time | None = None
    event: Time | None = None
    event_cpu: Time | None = None
    log_cpu: Time | None = None
    load: str = ""
    alike: bool = True


@dataclass(frozen=True, slots=True)
class TimedAdvice:
    """How the proposals were measured: `call` is a call under the file as it is, `together` what
    all proposals spare it; `left_aside` trials were disturbed. `folder` is the stored run.
    """

    call: Time | None
    together: Time | None
    trials: int
    left_aside: int
    folder: str
