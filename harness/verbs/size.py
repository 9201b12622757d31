"""`auditbench size`: how large the kernel's backlog must be for a load."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.errors import UsageError
from harness.model.options import COMPARED, LOAD, PRECISION
from harness.run.request import Conduct, Receiving, Request, Subject, Workloads
from harness.verbs.shared.display import Display, say_on, tell_end
from harness.verbs.shared.parameters import Flag, Json, Logs, To

if TYPE_CHECKING:
    from harness.run.lifecycle.resume import Past
    from harness.run.plan.plan import Plan
    from harness.run.size.plan import Demanded
    from harness.verbs.shared.forms import Forms


@Parameter(group=LOAD)
@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The load that the backlog must hold."""

    rate_per_s: Annotated[float | None, Parameter(name="--rate")] = None
    """Operations per second that go on for good."""
    burst: int | None = None
    """Operations that come at once on top of the rate."""
    log: Annotated[Logs, Parameter(group=LOAD)] = None
    """Instead of both: audit.log files, or folders of them; the load is that of their busiest
    tenth of a second, second and minute.
    """
    pause: str | None = None
    """How long the consumer stands still when the burst begins, such as 300ms or 2s."""
    workload: Workloads = ()
    """The load: `auditbench list workloads`; `connect` if not given."""
    workers: int | None = None
    """Processes that share the operations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: the rules, and how sure the answer is to be."""

    rules: Annotated[Path | None, Parameter(group=COMPARED)] = None
    """A rule file in auditctl's syntax, or a folder of them."""
    ignore_lock: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out `-e 2` and `-f 2` of the rule file."""
    skip_missing: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out lines of the rule file that cannot be loaded here."""
    trials: Annotated[int, Parameter(group=PRECISION)] = 20
    """Trials with each of the two backlogs that are the answer."""
    margin: Annotated[float, Parameter(group=PRECISION)] = 1.5
    """The advice is so many times the smallest backlog that lost nothing."""


def size_verb(
    *,
    asked: Annotated[Asked, Parameter(name="*")] = Asked(),
    demand: Annotated[Demand, Parameter(name="*")] = Demand(),
    receiving: Annotated[Receiving, Parameter(name="*")] = Receiving(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    resume: str | None = None,
    to: To = None,
    json: Json = False,
) -> int:
    """Find how large the backlog must be: lost at one size, none at another, and lines to paste.

    Parameters
    ----------
    asked
        What is asked.
    demand
        The load.
    receiving
        The consumer.
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
    from harness.verbs.show import show_size

    past, seed = None, None
    if resume is not None:
        given: dict[str, Any] = {"asked": asked, "demand": demand, "receiving": receiving}
        given, conduct, past = resumed_search("size", resume, given, conduct)
        asked, demand, receiving = given["asked"], given["demand"], given["receiving"]
        seed = past.stored.plan.seed
    plan = _plan(asked, demand, receiving, conduct, seed)
    return search_and_show(plan, show_size, conduct, display, past, to, json=json)


def search_and_show(
    plan: Plan,
    show: Callable[[Path, Forms], bool],
    conduct: Conduct,
    display: Display,
    past: Past | None,
    to: list[str] | None,
    *,
    json: bool,
) -> int:
    """Search, or say what would be tried first; `show` prints the answer of the stored run."""
    from harness.run.session import run_session
    from harness.verbs.shared.dry_run import show_preview
    from harness.verbs.shared.output import err
    from harness.verbs.show import answer_forms

    if conduct.dry_run:
        return show_preview(plan, conduct, to, json=json)
    forms, console = answer_forms(to, json=json), err()
    outcome = run_session(plan, conduct, display.observer(console), say_on(console), past)
    trustworthy = show(outcome.folder, forms)
    words = f"`auditbench {plan.name} --resume {outcome.folder}` goes on with it"
    return tell_end(console, outcome, trustworthy=trustworthy, goes_on=words)


def _plan(
    asked: Asked, demand: Demand, receiving: Receiving, conduct: Conduct, seed: int | None
) -> Plan:
    from harness.run.size.plan import size_plan

    if asked.rules is None:
        raise UsageError("no rules are named", remedy="add --rules FILE")
    load = receiving.load(
        workloads=demand.workload,
        workers=demand.workers,
        ignore_lock=asked.ignore_lock,
        skip_missing=asked.skip_missing,
        seed=seed,
    )
    request = Request(subject=Subject(rule_files=(asked.rules,)), load=load, conduct=conduct)
    return size_plan(request, _demanded(demand), trials=asked.trials, margin=asked.margin)


def _demanded(demand: Demand) -> Demanded:
    """The load in numbers; UsageError if it is given twice, or not at all."""
    from harness.answers.quantities import parse_duration_s
    from harness.run.size.plan import Demanded

    pause_s = 0.0 if demand.pause is None else parse_duration_s("--pause", demand.pause)
    given = demand.rate_per_s is not None, demand.burst is not None
    if demand.log:
        if any(given):
            raise UsageError(
                "--log and --rate or --burst contradict each other", remedy="give one of them"
            )
        return _of_log(demand.log, pause_s)
    if demand.rate_per_s is None or demand.burst is None:
        raise UsageError(
            "the load is not known",
            remedy="give --rate and --burst, or --log with audit.log files",
        )
    return Demanded(rate_per_s=demand.rate_per_s, burst=demand.burst, pause_s=pause_s)


def _of_log(files: list[str], pause_s: float) -> Demanded:
    from harness.run.size.plan import demand_of_log
    from harness.verbs.shared.log_sums import tenths_of_logs

    return demand_of_log(files, tenths_of_logs(files), pause_s)
