"""`auditbench size`: how large the kernel's backlog must be for a load."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import UsageError
from harness.model.options import COMPARED, CONSUMING, LOAD, PRECISION
from harness.run.request import (
    Conduct,
    Load,
    PathsByName,
    Request,
    Subject,
    Words,
    Workloads,
)
from harness.verbs.shared.display import Display, say_on, tell_end
from harness.verbs.shared.parameters import Flag, Json, Logs, To

if TYPE_CHECKING:
    from harness.run.lifecycle.resume import Past
    from harness.run.plan.plan import Plan
    from harness.run.size.plan import Demanded


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
    """What is asked: the rules, the consumer, and how sure the answer is to be."""

    rules: Annotated[Path | None, Parameter(group=COMPARED)] = None
    """A rule file in auditctl's syntax, or a folder of them."""
    consumers: Annotated[Words, Parameter(name="--consumer", group=CONSUMING)] = ()
    """The program that receives the events: `auditbench list consumers`; `assemble` if not given.
    """
    consumer_paths: Annotated[PathsByName, Parameter(name="--consumer-path", group=CONSUMING)] = (
        field(default_factory=dict)
    )
    """The program of a consumer that is not on the PATH, such as `go-audit=/opt/go-audit`."""
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
    from harness.run.session import run_session
    from harness.verbs.shared.dry_run import show_preview
    from harness.verbs.shared.output import err
    from harness.verbs.show import answer_forms, show_size

    past, seed = None, None
    if resume is not None:
        asked, demand, conduct, past = _resumed(resume, asked, demand, conduct)
        seed = past.stored.plan.seed
    plan = _plan(asked, demand, conduct, seed)
    if conduct.dry_run:
        return show_preview(plan, conduct, to, json=json)
    forms, console = answer_forms(to, json=json), err()
    outcome = run_session(plan, conduct, display.observer(console), say_on(console), past)
    trustworthy = show_size(outcome.folder, forms)
    words = f"`auditbench size --resume {outcome.folder}` goes on with it"
    return tell_end(console, outcome, trustworthy=trustworthy, goes_on=words)


def _plan(asked: Asked, demand: Demand, conduct: Conduct, seed: int | None) -> Plan:
    from harness.run.size.plan import size_plan

    if asked.rules is None:
        raise UsageError("no rules are named", remedy="add --rules FILE")
    load = Load(
        workloads=demand.workload,
        consumers=asked.consumers,
        consumer_paths=asked.consumer_paths,
        workers=demand.workers,
        ignore_lock=asked.ignore_lock,
        skip_missing=asked.skip_missing,
        seed=seed,
    )
    request = Request(subject=Subject(rule_files=(asked.rules,)), load=load, conduct=conduct)
    return size_plan(request, _demanded(demand), trials=asked.trials, margin=asked.margin)


def _resumed(
    words: str, asked: Asked, demand: Demand, conduct: Conduct
) -> tuple[Asked, Demand, Conduct, Past]:
    """What a search that was stopped was asked; UsageError if anything else is asked for."""
    from harness.verbs.shared.mistakes import given_options, listed
    from harness.verbs.shared.resumed import resumed_arguments

    beside = [*given_options(asked), *given_options(demand)]
    beside += given_options(conduct, ("label", "cpus", "dry_run"))
    if beside:
        raise UsageError(
            "--resume goes on with a search as it was asked for",
            remedy=f"leave out {listed(beside)}",
        )
    given, _, past = resumed_arguments("size", words, conduct)
    cpus = given.get("conduct", Conduct()).cpus
    return given.get("asked", asked), given.get("demand", demand), replace(conduct, cpus=cpus), past


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
