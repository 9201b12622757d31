"""JUnit XML as CI systems read it: a gate's checks, comparisons of a run, findings in rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from harness.counted import counted
from harness.kernel.rules.lint.finding import Report, Severity, is_as_grave
from harness.model.count import CountedResult
from harness.model.count_gate import CountCheck, CountGateReport
from harness.model.gate import BlindCheck, Check, GateReport
from harness.model.result import Comparison, Result
from harness.reporters.answer import answer
from harness.reporters.counts.gate import check_words, count_gate_sentence
from harness.reporters.counts.numbers import instructions, more
from harness.reporters.gate import check_sentences, gate_sentence, reading_values
from harness.reporters.lint import lint_sentence
from harness.reporters.rules.coverage_change import blind_words
from harness.reporters.rules.coverage_change import check_words as coverage_words
from harness.reporters.units import interval, metric_value, ratio
from harness.reporters.words import metric_title

NOT_XML = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even as a reference, and what could steer a terminal."""

NOT_RELIED_ON = "nothing is decided, trials failed, or events are unaccounted for"
NOT_COUNTED = "something could not be counted, or the run was stopped before its end"


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. `state` is the element that says it did not pass; empty is passed."""

    classname: str
    name: str
    output: str
    state: str = ""
    kind: str = ""
    message: str = ""


def gate_junit(report: GateReport) -> str:
    """Every check a test case, and one more for whether the measurement is trustworthy.

    What cannot be decided is a failure of type `inconclusive`, or skipped where that passes.
    """
    cases = [_check_case(check, strict=report.strict) for check in report.checks]
    cases += [_blind_case(check) for check in report.blind]
    cases.append(_trust_case("auditbench.gate", report.doubts))
    return _suites("auditbench gate", cases, _properties(report.results, gate_sentence(report)))


def result_junit(result: Result) -> str:
    """Every comparison a test case, which passes also where it is worse; inconclusive is skipped.

    That audit costs something is what a run measures, not a failure: limits are the gate's.
    """
    cases = [_comparison_case(comparison) for comparison in result.comparisons]
    if result.plan.is_search:
        # Its trials are compared with nothing: what it found is the one case.
        cases = [Case("auditbench.run", "answer", answer(result))]
    reasons = () if result.trustworthy else (NOT_RELIED_ON,)
    cases.append(_trust_case("auditbench.run", reasons))
    return _suites(f"auditbench {result.run}", cases, _properties([result], ""))


def count_gate_junit(report: CountGateReport) -> str:
    """The same of a gate on counts."""
    cases = [_count_case(check, strict=report.strict) for check in report.checks]
    cases += [_blind_case(check) for check in report.blind]
    cases.append(_trust_case("auditbench.gate", report.doubts))
    verdict = ("verdict", count_gate_sentence(report))
    facts = _guest_properties(report.result) if report.result else ()
    return _suites("auditbench gate", cases, [verdict, *facts])


def counted_junit(result: CountedResult) -> str:
    """Every cell of a counted run a test case that passes: limits are the gate's."""
    cases = [
        Case(
            f"{cell.workload}.{cell.scenario}.{cell.kernel}",
            cell.metric,
            f"{instructions(cell.estimate)} {metric_title(cell.metric)}, "
            f"{more(cell.difference)} to the reference, floor {instructions(cell.floor, 2)}",
        )
        for cell in result.cells
    ]
    reasons = () if result.trustworthy else (NOT_COUNTED,)
    cases.append(_trust_case("auditbench.count", reasons))
    return _suites(f"auditbench {result.run}", cases, _guest_properties(result))


def lint_junit(report: Report, fail_on: Severity) -> str:
    """Every finding a test case, which fails if it is as grave as `fail_on`; clean files pass."""
    cases = []
    for finding in report.findings:
        case = Case(
            finding.place.file,
            f"{finding.place.line}: {finding.kind.code}",
            f"{finding.place}: {finding.severity}: {finding.reason}\n{finding.remedy}",
        )
        if is_as_grave(finding.severity, fail_on):
            case = _with_state(case, "failure", finding.severity, finding.reason)
        cases.append(case)
    found = {finding.place.file for finding in report.findings}
    cases += [Case(name, "no findings", "") for name in report.files if name not in found]
    facts = [("verdict", lint_sentence(report))]
    facts += [("kernel", report.kernel)] if report.kernel else []
    return _suites("auditbench rules lint", cases, facts)


def _check_case(check: Check, *, strict: bool) -> Case:
    lines = []
    for reading in check.readings:
        estimate, bounds = reading_values(check.limit, reading)
        lines.append(f"{reading.run}: {estimate} ({bounds}): {reading.outcome}")
    lines += check_sentences(check)
    cell = check.cell
    case = Case(
        f"{cell.workload}.{cell.scenario}.{cell.consumer}", check.limit.text, "\n".join(lines)
    )
    if check.outcome == "pass":
        return case
    if check.outcome == "no-events":
        return _with_state(case, "skipped", "no-events", lines[-1])
    state = "failure" if check.outcome == "fail" or strict else "skipped"
    kind = "limit" if check.outcome == "fail" else "inconclusive"
    return _with_state(case, state, kind, lines[-1])


def _count_case(check: CountCheck, *, strict: bool) -> Case:
    words = check_words(check)
    case = Case(f"{check.workload}.{check.scenario}.{check.kernel}", check.limit.text, words)
    if check.outcome == "pass":
        return case
    state = "failure" if check.outcome == "fail" or strict else "skipped"
    return _with_state(case, state, "limit" if check.outcome == "fail" else "inconclusive", words)


def _blind_case(check: BlindCheck) -> Case:
    """What is lost stands in the output, an operation a line."""
    words = coverage_words(check)
    case = Case(f"coverage.{check.change.head}.{check.change.kernel}", check.limit.text, words)
    if check.outcome == "pass":
        return case
    state = "failure" if check.outcome == "fail" else "skipped"
    kind = "limit" if check.outcome == "fail" else check.outcome
    return _with_state(case, state, kind, blind_words([check]) or words)


def _guest_properties(result: CountedResult) -> Iterator[tuple[str, str]]:
    yield "run", result.run
    yield "plan", result.plan
    for guest in result.guests:
        yield f"kernel.{guest.name}", f"{guest.kernel} {guest.kernel_version}"
        yield f"sha256.{guest.name}", guest.sha256


def _comparison_case(comparison: Comparison) -> Case:
    cell = comparison.cell
    output = (
        f"{metric_value(comparison.estimate, comparison.unit)}, ratio {ratio(comparison.ratio)} "
        f"({interval(comparison.ci_low, comparison.ci_high)}), "
        f"{counted(comparison.blocks, 'block')}: {comparison.verdict}"
    )
    case = Case(f"{cell.workload}.{cell.scenario}.{cell.consumer}", comparison.metric, output)
    if comparison.verdict in ("inconclusive", "no-reference", "nothing-matched"):
        return _with_state(case, "skipped", comparison.verdict, output)
    return case


def _with_state(case: Case, state: str, kind: str, message: str) -> Case:
    return Case(case.classname, case.name, case.output, state, kind, message)


def _trust_case(classname: str, reasons: Iterable[str]) -> Case:
    text = "\n".join(reasons)
    if not text:
        return Case(classname, "is trustworthy", "")
    return Case(classname, "is trustworthy", text, "error", "untrustworthy", text.split("\n")[0])


def _properties(results: Iterable[Result], verdict: str) -> Iterator[tuple[str, str]]:
    """What the numbers depend on: name and value, a run's own with its number where several."""
    if verdict:
        yield "verdict", verdict
    for number, result in enumerate(results):
        prefix = "" if number == 0 else f"run{number + 1}."
        host, plan = result.host, result.plan
        yield f"{prefix}run", result.run
        yield f"{prefix}auditbench", host.auditbench
        yield f"{prefix}host", host.facts.hostname
        yield f"{prefix}kernel", host.facts.kernel.release
        yield f"{prefix}plan", plan.name
        yield f"{prefix}blocks", "" if plan.blocks is None else str(plan.blocks)
        yield f"{prefix}seed", "" if plan.seed is None else str(plan.seed)
        for floor in result.noise_floor:
            words = f"{ratio(floor.ratio)} ({interval(floor.ci_low, floor.ci_high)})"
            yield f"{prefix}noise-floor.{floor.workload}.{floor.consumer}", words


def _suites(name: str, cases: list[Case], properties: Iterable[tuple[str, str]]) -> str:
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(case.state == "failure" for case in cases)),
        "errors": str(sum(case.state == "error" for case in cases)),
    }
    root = ET.Element("testsuites", {"name": _clean(name), **totals})
    skipped = str(sum(case.state == "skipped" for case in cases))
    suite = ET.SubElement(root, "testsuite", {"name": _clean(name), **totals, "skipped": skipped})
    kept = ET.SubElement(suite, "properties")
    for key, value in properties:
        ET.SubElement(kept, "property", {"name": _clean(key), "value": _clean(value)})
    for case in cases:
        _add_case(suite, case)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_case(suite: ET.Element, case: Case) -> None:
    names = {"classname": _clean(case.classname), "name": _clean(case.name)}
    element = ET.SubElement(suite, "testcase", names)
    if case.state:
        said = {"type": _clean(case.kind), "message": _clean(case.message)}
        ET.SubElement(element, case.state, said).text = _clean(case.output)
    if case.output:
        ET.SubElement(element, "system-out").text = _clean(case.output)


def _clean(text: str) -> str:
    return NOT_XML.sub("", text)
