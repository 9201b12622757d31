"""`auditbench run`: measure."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.errors import UsageError
from harness.model.options import PRECISION
from harness.run.request import (
    Conduct,
    Counting,
    Load,
    ProfileOptions,
    Request,
    Subject,
    VictimOptions,
    plan_named,
)
from harness.verbs.shared.display import Display, say_on, tell_end
from harness.verbs.shared.parameters import Json, PlanName, To


def run_verb(
    plan: PlanName = None,
    /,
    *,
    subject: Annotated[Subject, Parameter(name="*")] = Subject(),  # noqa: B008
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    victim: Annotated[VictimOptions, Parameter(name="*")] = VictimOptions(),  # noqa: B008
    profile: Annotated[ProfileOptions, Parameter(name="*")] = ProfileOptions(),  # noqa: B008
    counting: Annotated[Counting, Parameter(name="*")] = Counting(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    duration: Annotated[str | None, Parameter(group=PRECISION)] = None,
    fallback: PlanName = None,
    resume: str | None = None,
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Measure what audit costs here: a plan, rule files, or a command of yours after `--`.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; if none is named, `overhead`, or
        `victim` with --victim.
    subject
        What is compared.
    load
        Options of every measuring verb.
    victim
        The innocent load.
    profile
        Whether kernel stacks are sampled.
    counting
        Whether instructions are counted.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    duration
        Of the plan `soak`: how long its one trial of each cell lasts, such as `2h`.
    fallback
        The plan to run if audit is not available on this host.
    resume
        Measure what is missing of this run, which was stopped: as it was asked for, on the same
        boot, kernel and host state. Takes no option of what is measured.
    to
        Write the run as FORM=FILE, or print it as FORM; may be given several times: json, md, csv,
        junit, pyperf, parquet, folded.
    command
        After `--`: the command to measure as the workload.
    """
    from harness.run.session import run_request
    from harness.verbs.count import count_and_show
    from harness.verbs.shared.counts import require_no_kernel
    from harness.verbs.shared.output import err
    from harness.verbs.shared.resumed import resumed_request
    from harness.verbs.show import run_forms, show_run

    request = Request(
        plan=plan_named(plan, victim),
        subject=subject,
        load=load,
        victim=victim,
        profile=profile,
        duration=duration,
        command=command,
        conduct=conduct,
        fallback=fallback,
    )
    require_no_kernel(counting)
    if counting.count:
        if profile.wanted:
            raise UsageError(
                "--profile samples this host's kernel, and --count leaves that alone",
                remedy="leave out one of the two",
            )
        if resume is not None:
            raise UsageError("a counted run is not resumed", remedy="count again")
        return count_and_show(request, counting, to, json=json)
    past = None
    if resume is not None:
        _require_nothing_else(request)
        request, past = resumed_request(resume, conduct)
    if conduct.dry_run:
        return _preview(request, to, json=json)
    forms = run_forms(to, json=json)
    if "folded" in forms.asked() and not request.profile.wanted:
        raise UsageError(
            "--to folded has no stacks to write: none are sampled", remedy="add --profile"
        )
    console = err()
    outcome = run_request(request, display.observer(console), say_on(console), past)
    trustworthy = show_run(outcome.folder, forms)
    words = f"`auditbench run --resume {outcome.folder}` measures what is missing"
    return tell_end(console, outcome, trustworthy=trustworthy, goes_on=words)


def _require_nothing_else(request: Request) -> None:
    """UsageError if something is asked for that the run to resume has decided."""
    from harness.verbs.shared.mistakes import given_options, listed

    conduct = request.conduct
    plain = Request(conduct=conduct)
    words = given_options(conduct, ("label", "cpus", "dry_run"))
    if request == plain and not words:
        return
    for part in (request.subject, request.load, request.victim, request.profile):
        words += given_options(part)
    words += given_options(request, ("duration", "fallback"))
    words += ["the plan"] * (request.plan != plain.plan and not request.victim.workload)
    words += ["the command"] * bool(request.command)
    raise UsageError(
        "--resume measures what is missing of a run as that was asked for",
        remedy=f"leave out {listed(words or ['all else'])}",
    )


def _preview(request: Request, to: list[str] | None, *, json: bool) -> int:
    from harness.run.plan.plan import make_plan
    from harness.run.plan.profile import with_profile
    from harness.verbs.shared.dry_run import show_preview

    plan = with_profile(make_plan(request), request)
    return show_preview(plan, request.conduct, to, json=json)
