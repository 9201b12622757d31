"""`auditbench size`: how large the kernel's backlog must be for a load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY, UsageError
from harness.model.options import CONSUMING, LOAD, PRECISION
from harness.run.request import (
    Conduct,
    Load,
    PathsByName,
    Request,
    Subject,
    Words,
    Workloads,
)
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.parameters import Flag, Json, Logs, To

if TYPE_CHECKING:
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


def size_verb(
    *,
    rules: Path,
    demand: Annotated[Demand, Parameter(name="*")] = Demand(),
    consumer: Annotated[Words, Parameter(group=CONSUMING)] = (),
    consumer_path: Annotated[PathsByName | None, Parameter(group=CONSUMING)] = None,
    trials: Annotated[int, Parameter(group=PRECISION)] = 20,
    margin: Annotated[float, Parameter(group=PRECISION)] = 1.5,
    ignore_lock: Flag = False,
    skip_missing: Flag = False,
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    to: To = None,
    json: Json = False,
) -> int:
    """Find how large the backlog must be: lost at one size, none at another, and lines to paste.

    Parameters
    ----------
    rules
        A rule file in auditctl's syntax, or a folder of them.
    demand
        The load.
    consumer
        The program that receives the events: `auditbench list consumers`; `assemble` if not given.
    consumer_path
        The program of a consumer that is not on the PATH, such as `go-audit=/opt/go-audit`.
    trials
        Trials with each of the two backlogs that are the answer.
    margin
        The advice is so many times the smallest backlog that lost nothing.
    ignore_lock
        Leave out `-e 2` and `-f 2` of the rule file.
    skip_missing
        Leave out lines of the rule file that cannot be loaded here.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    from harness.run.session import run_session
    from harness.run.size.plan import size_plan
    from harness.verbs.shared.dry_run import show_preview
    from harness.verbs.shared.output import err
    from harness.verbs.show import show_size, size_forms

    load = Load(
        workloads=demand.workload,
        consumers=consumer,
        consumer_paths=consumer_path or {},
        workers=demand.workers,
        ignore_lock=ignore_lock,
        skip_missing=skip_missing,
    )
    request = Request(subject=Subject(rule_files=(rules,)), load=load, conduct=conduct)
    plan = size_plan(request, _demanded(demand), trials=trials, margin=margin)
    if conduct.dry_run:
        return show_preview(plan, conduct, to, json=json)
    forms, console = size_forms(to, json=json), err()
    outcome = run_session(plan, conduct, display.observer(console), say_on(console))
    trustworthy = show_size(outcome.folder, forms)
    console.print(f"stored in {outcome.folder}", markup=False, soft_wrap=True)
    if outcome.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if trustworthy else EXIT_UNTRUSTWORTHY


def _demanded(demand: Demand) -> Demanded:
    """The load in numbers; UsageError if it is given twice, or not at all."""
    from harness.run.size.plan import Demanded

    pause_s = _pause_s(demand.pause)
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


def _pause_s(text: str | None) -> float:
    from harness.answers.quantities import parse_duration_s

    if text is None:
        return 0.0
    if text.endswith("ms"):
        return parse_duration_s("--pause", text.removesuffix("ms") + "s") / 1000
    return parse_duration_s("--pause", text)
