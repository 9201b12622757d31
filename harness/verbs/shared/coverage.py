"""Coverage beside cost: what `ab` and `gate` need to ask for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.answers.gate import GateRules
    from harness.model.caution import Caution
    from harness.model.count_gate import CountGateReport
    from harness.model.gate import BlindCheck, GateReport, Limit
    from harness.model.rules.coverage_change import CoverageChange
    from harness.run.lifecycle.borrow import Say
    from harness.run.request import Request
    from harness.run.rules.blind import CoverageQuestion


class BlindLimits:
    """The limits of a gate on coverage. Making them checks all that can be known beforehand."""

    def __init__(
        self,
        limits: Sequence[Limit],
        reference: str | None,
        request: Request,
        kernels: Sequence[str],
    ) -> None:
        from harness.run.rules.blind import gated_files, scenario_files

        self._limits = limits
        self._question: CoverageQuestion | None = None
        self._cautions: list[Caution] = []
        if limits:
            paths = scenario_files(request, reference)
            names = gated_files(limits, reference, list(paths))
            files = {name: Path(paths[name]) for name in names}
            self._question, self._cautions = coverage_question(files, kernels)

    def judge(self, say: Say) -> tuple[tuple[BlindCheck, ...], list[Caution], list[str]]:
        """The checks, with the cautions and doubts of how they were made."""
        from harness.model.rules.coverage_change import cautions_of, doubts_of
        from harness.run.rules.blind import blind_checks

        if self._question is None:
            return (), [], []
        changes = list(self._question.ask(say))
        cautions = [*self._cautions, *cautions_of(changes)]
        return blind_checks(self._limits, changes), cautions, list(doubts_of(changes))

    def judge_alone(self, rules: GateRules, say: Say) -> CountGateReport:
        """The report of a gate that has no other limits."""
        from harness.model.count_gate import CountGateReport

        empty = CountGateReport((), None, inconclusive_passes=rules.inconclusive_passes)
        return self.judge_beside(empty, say)

    @overload
    def judge_beside(self, report: GateReport, say: Say) -> GateReport: ...
    @overload
    def judge_beside(self, report: CountGateReport, say: Say) -> CountGateReport: ...
    def judge_beside(
        self, report: GateReport | CountGateReport, say: Say
    ) -> GateReport | CountGateReport:
        """A report with the checks of these limits beside its own."""
        checks, cautions, doubts = self.judge(say)
        return replace(
            report,
            blind=checks,
            cautions=(*report.cautions, *cautions),
            doubts=(*report.doubts, *doubts),
        )


def coverage_question(
    files: Mapping[str, Path], kernels: Sequence[str]
) -> tuple[CoverageQuestion, list[Caution]]:
    """The question of what each file records that the first does, and lines that are left out."""
    from harness.run.rules.blind import ask_coverage
    from harness.verbs.shared.rule_source import parsed_rules, refused_lines

    parsed = {name: parsed_rules(path) for name, path in files.items()}
    left_out = [caution for each in parsed.values() for caution in refused_lines(each)]
    question = ask_coverage({name: each.rules for name, each in parsed.items()}, kernels)
    return question, left_out


class AbCoverage:
    """Coverage beside the cost of A and B, if it is asked for."""

    def __init__(self, a: Path, b: Path, kernels: Sequence[str], *, asked: bool) -> None:
        self._question: CoverageQuestion | None = None
        self._cautions: tuple[Caution, ...] = ()
        if asked:
            self._question, cautions = coverage_question({"A": a, "B": b}, kernels)
            self._cautions = tuple(cautions)

    def ask(self, say: Say) -> tuple[CoverageChange, ...]:
        """What B no longer records of what A does, under each kernel; nothing if it is not asked.

        The cautions about lines that are left out are the first change's.
        """
        if self._question is None:
            return ()
        first, *others = self._question.ask(say)
        return (replace(first, cautions=(*self._cautions, *first.cautions)), *others)
