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


class _Coverage:
    """A question of what rule files no longer record, if it is asked.

    Making it checks all that can be known before a kernel is fetched, `find` the rest.
    """

    def __init__(self, files: Mapping[str, Path], kernels: Sequence[str]) -> None:
        from harness.run.rules.blind import CoverageQuestion
        from harness.verbs.shared.rule_source import parsed_rules, refused_lines

        parsed = {name: parsed_rules(path) for name, path in files.items()}
        self.left_out = [caution for each in parsed.values() for caution in refused_lines(each)]
        """Lines that are left out."""
        self.heads = list(files)[1:]
        self.question = CoverageQuestion(
            {name: each.rules for name, each in parsed.items()}, tuple(kernels)
        )


class BlindLimits:
    """The limits of a gate on coverage. Making them checks what can be known without a kernel."""

    def __init__(
        self,
        limits: Sequence[Limit],
        reference: str | None,
        request: Request,
        kernels: Sequence[str],
    ) -> None:
        from harness.run.rules.blind import gated_files, scenario_files

        self._limits = limits
        self._coverage: _Coverage | None = None
        if limits:
            paths = scenario_files(request, reference)
            names = gated_files(limits, reference, list(paths))
            self._coverage = _Coverage({name: Path(paths[name]) for name in names}, kernels)

    def find(self) -> None:
        """Find the kernels, before anything is measured; UsageError where a limit names none."""
        from harness.run.rules.blind import require_kernels

        if self._coverage is not None:
            kernels = self._coverage.question.find()
            require_kernels(self._limits, self._coverage.heads, kernels)

    def judge(self, say: Say) -> tuple[tuple[BlindCheck, ...], list[Caution], list[str]]:
        """The checks, with the cautions and doubts of how they were made."""
        from harness.model.rules.coverage_change import cautions_of, doubts_of
        from harness.run.rules.blind import blind_checks

        if self._coverage is None:
            return (), [], []
        changes = list(self._coverage.question.ask(say))
        cautions = [*self._coverage.left_out, *cautions_of(changes)]
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


class AbCoverage:
    """Coverage beside the cost of A and B, if it is asked for."""

    def __init__(self, a: Path, b: Path, kernels: Sequence[str], *, asked: bool) -> None:
        self._coverage = _Coverage({"A": a, "B": b}, kernels) if asked else None

    def find(self) -> None:
        """Find the kernels, before anything is measured."""
        if self._coverage is not None:
            self._coverage.question.find()

    def ask(self, say: Say) -> tuple[CoverageChange, ...]:
        """What B no longer records of what A does, under each kernel; nothing if it is not asked.

        The cautions about lines that are left out are the first change's.
        """
        if self._coverage is None:
            return ()
        first, *others = self._coverage.question.ask(say)
        return (replace(first, cautions=(*self._coverage.left_out, *first.cautions)), *others)
