"""`auditbench capacity`: how much rules and consumers can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.model.options import COMPARED, LOAD, PRECISION
from harness.run.request import Conduct, Receiving, Request, RuleFiles, Subject, Workloads
from harness.verbs.shared.display import Display
from harness.verbs.shared.parameters import Flag, Json, To

if TYPE_CHECKING:
    from harness.run.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: the rules, the load, and what is tried beside the rates."""

    rules: RuleFiles = ()
    """Rule files in auditctl's syntax, or folders of them; osquery's rules if none is given."""
    ignore_lock: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out `-e 2` and `-f 2` of the rule files."""
    skip_missing: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out lines of the rule files that cannot be loaded here."""
    workload: Workloads = ()
    """The load: `auditbench list workloads`; `connect` if not given."""
    workers: Annotated[int | None, Parameter(group=LOAD)] = None
    """Processes that share the operations."""
    backlog: Annotated[int | None, Parameter(group=COMPARED)] = None
    """The kernel's backlog in records; that of the rules if not given, else 8,192. Bursts, pauses
    and recovery depend on it, the rates do not.
    """
    confirm: Annotated[str | None, Parameter(group=PRECISION)] = None
    """Try the two rates once more, each for so long, such as 60s."""


def capacity_verb(
    *,
    asked: Annotated[Asked, Parameter(name="*")] = Asked(),
    receiving: Annotated[Receiving, Parameter(name="*")] = Receiving(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    resume: str | None = None,
    to: To = None,
    json: Json = False,
) -> int:
    """Find how much rules and consumers can take: lost at one rate, none at another, and the limit.

    Parameters
    ----------
    asked
        What is asked.
    receiving
        The consumers.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    resume
        Go on with this search, which was stopped, as it was asked for. Takes no other option of
        what is measured.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    from harness.verbs.shared.resumed import resumed_search
    from harness.verbs.show import show_capacity
    from harness.verbs.size import search_and_show

    past, seed = None, None
    if resume is not None:
        given: dict[str, Any] = {"asked": asked, "receiving": receiving}
        given, conduct, past = resumed_search("capacity", resume, given, conduct)
        asked, receiving, seed = given["asked"], given["receiving"], past.stored.plan.seed
    plan = _plan(asked, receiving, conduct, seed)
    return search_and_show(plan, show_capacity, conduct, display, past, to, json=json)


def _plan(asked: Asked, receiving: Receiving, conduct: Conduct, seed: int | None) -> Plan:
    from harness.answers.quantities import parse_duration_s
    from harness.run.capacity.plan import capacity_plan

    load = receiving.load(
        workloads=asked.workload,
        workers=asked.workers,
        ignore_lock=asked.ignore_lock,
        skip_missing=asked.skip_missing,
        seed=seed,
    )
    request = Request(subject=Subject(rule_files=asked.rules), load=load, conduct=conduct)
    retrial_s = 0.0 if asked.confirm is None else parse_duration_s("--confirm", asked.confirm)
    return capacity_plan(request, backlog=asked.backlog, retrial_s=retrial_s)
