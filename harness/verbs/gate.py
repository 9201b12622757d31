"""`auditbench gate`: pass or fail by limits, for CI."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY, UsageError
from harness.run.request import DEFAULT_PLAN, Conduct, Counting, Load, Request, Subject
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.parameters import Flag, Json, PlanName, To, Words

if TYPE_CHECKING:
    from harness.answers.gate import GateRules
    from harness.model.count_gate import CountGateReport
    from harness.model.gate import GateReport
    from harness.verbs.shared.forms import Forms

EXIT_CODES = {
    "pass": EXIT_FINE,
    "fail": EXIT_REGRESSION,
    "inconclusive": EXIT_UNTRUSTWORTHY,
    "untrustworthy": EXIT_UNTRUSTWORTHY,
}


def gate_verb(
    plan: PlanName = None,
    /,
    *,
    fail: Words = (),
    inconclusive: Literal["fail", "pass"] = "fail",
    reference: str | None = None,
    run: str | None = None,
    against: str | None = None,
    allow: Words = (),
    force: Flag = False,
    subject: Annotated[Subject, Parameter(name="*")] = Subject(),  # noqa: B008
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    counting: Annotated[Counting, Parameter(name="*")] = Counting(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Run a plan, or judge stored runs, and pass or fail by limits.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; `overhead` if none is named.
    fail
        Limits, such as `elapsed:5%`, `udp/rules/p99:20us`, `cpu-per-event:5%` or `lost:0`; on
        counts `instructions:1%`.
    inconclusive
        Whether an inconclusive check fails (exit code 3) or passes.
    reference
        The scenario or consumer to compare with instead of the plan's reference.
    run
        Judge this stored run instead of making one.
    against
        The stored run that `--run` is compared with.
    allow
        Differences between the runs to accept, such as kernel,rules.
    force
        Compare runs however their hosts and plans differ.
    subject
        What is compared.
    load
        Options of every measuring verb.
    counting
        Whether instructions are counted.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    to
        Write the verdict as FORM=FILE, or print it as FORM; may be given several times: json, md,
        junit. Markdown is also appended to `$GITHUB_STEP_SUMMARY` if that is set.
    command
        After `--`: the command to measure as the workload.
    """
    from harness.answers.gate import GateRules
    from harness.answers.limits import read_limits
    from harness.run.counting import request_to_judge
    from harness.run.gate import gate_plan, plan_to_judge
    from harness.verbs.shared.counts import require_no_kernel
    from harness.verbs.shared.dry_run import show_count_preview, show_preview
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err

    request = Request(
        plan=plan or DEFAULT_PLAN, subject=subject, load=load, command=command, conduct=conduct
    )
    if run is not None or against is not None:
        run = _require_stored_only(run, plan, request, counting)
    if counting.count or _is_counted(run, conduct.results):
        rules = _count_rules(fail, reference, inconclusive)
        if conduct.dry_run and run is None:
            asked = request_to_judge(request, rules, counting)
            return show_count_preview(asked, counting, to, json=json)
        forms = Forms(("json", "md", "junit"), to, json=json, summary=True)
        if run is None:
            return _count(request, rules, counting, forms)
        return _judge_counts(run, against, rules, conduct.results, allow, forms, force=force)
    require_no_kernel(counting)
    judge = GateRules(read_limits(fail), reference, inconclusive == "pass")
    if conduct.dry_run and run is None:
        return show_preview(plan_to_judge(request, judge), conduct, to, json=json)
    forms = Forms(("json", "md", "junit"), to, json=json, summary=True)
    if run is not None:
        report = _stored(run, against, judge, conduct.results, allow=allow, force=force)
        return _finish(report, forms)
    console = err()
    report = gate_plan(request, judge, lambda: display.observer(console), say_on(console))
    return _finish(report, forms)


def _require_stored_only(
    run: str | None, plan: str | None, request: Request, counting: Counting
) -> str:
    """The stored run to judge; UsageError without one, or if something is to be measured beside."""
    asked = plan or request.command or request.conduct.dry_run or counting.kernels
    if run is None or asked or request.subject != Subject() or request.load != Load():
        raise UsageError(
            "stored runs are judged as they are",
            remedy="give --run RUN, with --against BASE or without, and no plan, load or kernel",
        )
    return run


def _is_counted(run: str | None, results: Path) -> bool:
    from harness.store import load_documents
    from harness.verbs.shared.naming import named_run

    return run is not None and load_documents(named_run(run, results)).plan.is_counted


def _count_rules(fail: Words, reference: str | None, inconclusive: str) -> GateRules:
    from harness.answers.count_gate import read_count_limits
    from harness.answers.gate import GateRules

    return GateRules(read_count_limits(fail), reference, inconclusive == "pass")


def _count(request: Request, rules: GateRules, counting: Counting, forms: Forms) -> int:
    from harness.run.counting import count_and_gate
    from harness.verbs.shared.output import err

    return _finish_counts(count_and_gate(request, rules, counting, say_on(err())), forms)


def _judge_counts(
    run: str,
    against: str | None,
    rules: GateRules,
    results: Path,
    allow: Words,
    forms: Forms,
    *,
    force: bool,
) -> int:
    from harness.answers.compare.comparability import parse_allowed
    from harness.answers.count_gate import gate_counts, gate_counts_against
    from harness.store import load_run
    from harness.verbs.shared.naming import named_run

    allowed = parse_allowed(allow)
    head = load_run(named_run(run, results), counted_too=True)
    if against is None:
        return _finish_counts(gate_counts(head, rules), forms)
    base = load_run(named_run(against, results), counted_too=True)
    report = gate_counts_against(head, base, rules, allowed=allowed, force=force)
    return _finish_counts(report, forms)


def _finish_counts(report: CountGateReport, forms: Forms) -> int:
    from harness.reporters.counts.gate import count_gate_page
    from harness.reporters.documents.count_gate import count_gate_document
    from harness.reporters.export.junit import count_gate_junit

    forms.deliver_page(
        count_gate_page(report),
        lambda: count_gate_document(report),
        junit=lambda: count_gate_junit(report),
    )
    return EXIT_CODES[report.verdict]


def _stored(
    run: str,
    against: str | None,
    rules: GateRules,
    results: Path,
    *,
    allow: Iterable[str],
    force: bool,
) -> GateReport:
    from harness.answers.compare.comparability import parse_allowed
    from harness.answers.gate import gate_against, gate_run
    from harness.verbs.shared.naming import named_run

    allowed = parse_allowed(allow)
    folder = named_run(run, results)
    if against is None:
        return gate_run(folder, rules)
    base = named_run(against, results)
    return gate_against(folder, base, rules, allowed=allowed, force=force, results=results)


def _finish(report: GateReport, forms: Forms) -> int:
    from harness.reporters.documents.gate import gate_document
    from harness.reporters.export.junit import gate_junit
    from harness.reporters.gate import gate_page

    forms.deliver_page(
        gate_page(report),
        lambda: gate_document(report),
        junit=lambda: gate_junit(report),
    )
    return EXIT_CODES[report.verdict]
