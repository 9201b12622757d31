"""`auditbench gate`: pass or fail by limits, for CI."""

from __future__ import annotations

from dataclasses import dataclass
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
    from harness.model.gate import GateReport, Limit
    from harness.verbs.shared.coverage import BlindLimits
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
        counts `instructions:1%`; `head/blind:0` on operations that a rule file no longer records.
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
    from harness.analysis.limit import split_limits
    from harness.run.counting import require_countable
    from harness.verbs.shared.counts import require_no_kernel
    from harness.verbs.shared.coverage import BlindLimits
    from harness.verbs.shared.forms import Forms

    request = Request(
        plan=plan or DEFAULT_PLAN, subject=subject, load=load, command=command, conduct=conduct
    )
    blind, others = split_limits(fail)
    if run is not None or against is not None:
        run = _require_stored_only(run, plan, request, counting, blind)
    is_counted = counting.count or _is_counted(run, conduct.results)
    if not blind:
        require_no_kernel(counting)
    judge = _rules(others, reference, inconclusive, is_counted=is_counted, is_alone=bool(blind))
    if run is None and counting.count:
        require_countable(request)
    coverage = BlindLimits(blind, reference, request, counting.kernels)
    if run is None and conduct.dry_run:
        return _preview(request, judge, counting, to, json=json)
    forms = Forms(("json", "md", "junit"), to, json=json, summary=True)
    if run is not None:
        stored = _Stored(run, against, judge, conduct.results, allow, force)
        return stored.judge_counts(forms) if is_counted else stored.judge_times(forms)
    return _measure(request, judge, coverage, counting, display, forms)


def _preview(
    request: Request, judge: GateRules, counting: Counting, to: list[str] | None, *, json: bool
) -> int:
    """Say what would be counted or measured; the exit code."""
    from harness.run.counting import request_to_judge
    from harness.run.gate import plan_to_judge
    from harness.verbs.shared.dry_run import show_count_preview, show_preview

    if not judge.limits:
        raise UsageError(
            "limits on coverage alone measure nothing that --dry-run could show",
            remedy="leave --dry-run out: a guest is started, and nothing changes on this host",
        )
    if counting.count:
        asked = request_to_judge(request, judge, counting)
        return show_count_preview(asked, counting, to, json=json)
    return show_preview(plan_to_judge(request, judge), request.conduct, to, json=json)


def _measure(
    request: Request,
    judge: GateRules,
    coverage: BlindLimits,
    counting: Counting,
    display: Display,
    forms: Forms,
) -> int:
    """Count or measure, or neither where only coverage is asked about; the exit code.

    All that can be refused is, before a kernel is fetched.
    """
    from harness.run.counting import count_and_gate, request_to_judge
    from harness.run.gate import gate_plan, plan_to_judge
    from harness.verbs.shared.output import err

    console = err()
    say = say_on(console)
    if not judge.limits:
        coverage.find()
        return _finish_counts(coverage.judge_alone(judge, say), forms)
    if counting.count:
        request_to_judge(request, judge, counting)
        coverage.find()
        report = count_and_gate(request, judge, counting, say)
        return _finish_counts(coverage.judge_beside(report, say), forms)
    plan_to_judge(request, judge)
    coverage.find()
    timed = gate_plan(request, judge, lambda: display.observer(console), say)
    return _finish(coverage.judge_beside(timed, say), forms)


def _require_stored_only(
    run: str | None,
    plan: str | None,
    request: Request,
    counting: Counting,
    blind: tuple[Limit, ...],
) -> str:
    """The stored run to judge; UsageError without one, or if something is to be measured beside."""
    if blind:
        raise UsageError(
            f"--fail {blind[0].text!r}: a stored run does not say which operations are recorded",
            remedy="give --rules BASE HEAD --reference BASE instead of --run",
        )
    from harness.verbs.shared.mistakes import given_options, listed

    words = ["the plan"] * bool(plan) + ["the command"] * bool(request.command)
    words += given_options(request.conduct, ("dry_run",)) + given_options(request.subject)
    words += given_options(request.load) + given_options(counting, ("kernels",))
    if words:
        raise UsageError("stored runs are judged as they are", remedy=f"leave out {listed(words)}")
    if run is None:
        raise UsageError("--against is what a stored run is compared with", remedy="give --run RUN")
    return run


def _is_counted(run: str | None, results: Path) -> bool:
    from harness.store import find_run, load_documents

    return run is not None and load_documents(find_run(run, results)).plan.is_counted


def _rules(
    words: Words, reference: str | None, inconclusive: str, *, is_counted: bool, is_alone: bool
) -> GateRules:
    """By what the gate decides; no limits where those on coverage are alone."""
    from harness.answers.count_gate import read_count_limits
    from harness.answers.gate import GateRules
    from harness.answers.limits import read_limits

    read = read_count_limits if is_counted else read_limits
    limits = () if is_alone and not words else read(words)
    return GateRules(limits, reference, inconclusive == "pass")


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored run to judge, by itself or against another."""

    run: str
    against: str | None
    rules: GateRules
    results: Path
    allow: Words
    force: bool

    def judge_counts(self, forms: Forms) -> int:
        """Of a counted run."""
        from harness.answers.count_gate import gate_counts, gate_counts_against
        from harness.store import load_run
        from harness.verbs.shared.naming import named_run

        allowed = self._allowed()
        head = load_run(named_run(self.run, self.results), counted_too=True)
        if self.against is None:
            return _finish_counts(gate_counts(head, self.rules), forms)
        base = load_run(named_run(self.against, self.results), counted_too=True)
        report = gate_counts_against(head, base, self.rules, allowed=allowed, force=self.force)
        return _finish_counts(report, forms)

    def judge_times(self, forms: Forms) -> int:
        """Of a run that measured times."""
        from harness.answers.gate import gate_against, gate_run
        from harness.verbs.shared.naming import named_run

        allowed = self._allowed()
        folder = named_run(self.run, self.results)
        if self.against is None:
            return _finish(gate_run(folder, self.rules), forms)
        base = named_run(self.against, self.results)
        report = gate_against(
            folder, base, self.rules, allowed=allowed, force=self.force, results=self.results
        )
        return _finish(report, forms)

    def _allowed(self) -> frozenset[str]:
        from harness.answers.compare.comparability import parse_allowed

        return parse_allowed(self.allow)


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
