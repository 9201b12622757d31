"""What `audit_overhead` returns: numbers to look at, and statements that a test may make."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.limit import blocks_to_decide, judge_interval
from harness.analysis.ratio import Ratio
from harness.counted import counted
from harness.model.gate import Outcome
from harness.model.result import Result
from harness.plain import plain
from harness.pytest_plugin.outcomes import told
from harness.reporters.parts.matching import unmatched_words
from harness.reporters.units import count, interval, ratio
from harness.run.overhead_check import (
    Loss,
    Overhead,
    loss_of,
    measure_loss,
)
from harness.run.request import Request

ELAPSED = "elapsed_ns_per_op"
RATE_REACHED = 0.95
"""Below this share of the rate asked for, the rate was not measured."""


class OverheadAboveLimitError(AssertionError):
    """The whole interval of the ratio is above the limit."""


class EventsLostError(AssertionError):
    """Events did not arrive whole."""


class RateNotKeptError(AssertionError):
    """The load kept the rate without the rules, and in no trial under them."""


class InconclusiveError(AssertionError):
    """What was measured does not decide the statement."""


@dataclass(frozen=True, slots=True)
class AuditOverheadResult:
    """One measured rule file. The statements (`assert_…`) judge whole intervals, not estimates."""

    overhead: Overhead
    request: Request
    config: pytest.Config
    policy: str
    extra_info: dict[str, Any] = field(default_factory=dict)
    """What is stored with the pytest-benchmark entry."""

    def __post_init__(self) -> None:
        self.extra_info.update(self._document())

    @property
    def rules(self) -> Path:
        """The rule file that was measured."""
        return self.request.subject.rule_files[0]

    @property
    def folder(self) -> Path:
        """Where the run is stored: `auditbench show FOLDER` prints it."""
        return self.overhead.stored.folder

    @property
    def result(self) -> Result:
        """The whole result of the run, as `auditbench show` has it."""
        return self.overhead.result

    @property
    def workload(self) -> str:
        """The workload that was measured."""
        return self.overhead.cell.workload

    @property
    def ratio(self) -> float | None:
        """Elapsed time per operation over the reference's; None if nothing was measured."""
        found = self.overhead.ratio(ELAPSED)
        return found.ratio if found else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `ratio`; None with fewer than two blocks."""
        found = self.overhead.ratio(ELAPSED)
        if found is None or found.ci_low is None or found.ci_high is None:
            return None
        return found.ci_low, found.ci_high

    @property
    def detectable(self) -> float | None:
        """The smallest relative difference that so many blocks find in 4 of 5 cases."""
        found = self.overhead.ratio(ELAPSED)
        return found.detectable if found else None

    @property
    def loss(self) -> Loss:
        """What became of the events of this run, with the load as fast as it goes."""
        return loss_of(self.overhead.stored, self.overhead.cell, self.overhead.against)

    def one_line(self) -> str:
        """What was measured, with the interval and the noise floor."""
        floor = self.overhead.noise_floor
        noise = f"; A/A {interval(floor.ci_low, floor.ci_high)}" if floor else ""
        return plain(f"{self._unmatched() or self._costs(self.overhead.ratio(ELAPSED))}{noise}")

    def assert_ratio_below(self, limit: float, *, metric: str = ELAPSED) -> None:
        """The rule file costs less than `limit` times the reference, with the whole interval.

        Fails where the whole 95 % interval is above the limit. A limit inside the interval is
        inconclusive: by default that fails too, with a message of its own; `--audit-inconclusive`,
        the marker's `inconclusive=` and the ini key `audit_inconclusive` make it xfail or skip.
        `metric` is any of `auditbench list metrics` that a trial has.
        """
        __tracebackhide__ = True
        with told(self.config):
            found = self.overhead.ratio(metric)
        outcome = _judge(found, limit)
        self._require_trust()
        if self._unmatched():
            self._inconclusive(f"{self._unmatched()}: the rules have no price here")
        if outcome == "pass":
            return
        what = self._costs(found, metric)
        if outcome == "fail":
            raise OverheadAboveLimitError(
                f"{what}: all of it above the limit of {limit:g}{self._where()}"
            )
        self._inconclusive(f"{what}: {_why_inconclusive(found, limit)}")

    def assert_nothing_lost(
        self, rate: float | None = None, *, seconds: float = 1.0, trials: int = 5
    ) -> Loss:
        """Every event that the rules demand arrives whole.

        Without `rate`, of the run that was made: the load went as fast as it could. With it, the
        machine is pressed with `rate` operations per second for `seconds`, `trials` times, and
        both the rate and the events must have been there. Returns what was counted.
        """
        __tracebackhide__ = True
        loss, folder = self.loss, self.folder
        if rate is not None:
            with told(self.config):
                loss, stored = measure_loss(
                    self.request,
                    rate_per_s=rate,
                    seconds=seconds,
                    trials=self.config.getoption("audit_blocks") or trials,
                )
                folder = stored.folder
        self.extra_info["loss"] = _loss_document(loss)
        self._judge_loss(loss, folder)
        return loss

    def _judge_loss(self, loss: Loss, folder: Path) -> None:
        __tracebackhide__ = True
        where = f" ({self._name()} on {self.workload}; auditbench show {folder} --ledger)"
        if loss.lost:
            raise EventsLostError(f"{_losses(loss)}{where}")
        if loss.unexplained:
            self._inconclusive(f"{_unexplained(loss)} not accounted for{where}")
        if loss.lost is None:
            self._inconclusive(f"whether events were lost cannot be known here{where}")
        if not loss.complete:
            pytest.fail(
                f"the rules make no event that could be lost: choose a workload that they watch"
                f"{where}",
                pytrace=False,
            )
        self._require_rate(loss, where)

    def _require_rate(self, loss: Loss, where: str) -> None:
        __tracebackhide__ = True
        if loss.rate_per_s is None or loss.reached_per_s is None:
            return
        least = RATE_REACHED * loss.rate_per_s
        if loss.reached_per_s >= least:
            return
        what = (
            f"nothing was lost, but only {count(loss.reached_per_s)} of "
            f"{_per_second(loss.rate_per_s)} were reached"
        )
        kept_without = (loss.reference_reached_per_s or 0.0) >= least
        if kept_without and (loss.most_reached_per_s or 0.0) < least:
            raise RateNotKeptError(f"{what} under these rules, and all of them without{where}")
        why = "not in every trial" if kept_without else "without rules no more, it is too high here"
        self._inconclusive(f"{what}: {why}{where}")

    def _require_trust(self) -> None:
        __tracebackhide__ = True
        if self.loss.unexplained:
            self._inconclusive(f"{_unexplained(self.loss)} not accounted for: not trustworthy")

    def _inconclusive(self, what: str) -> None:
        __tracebackhide__ = True
        line = plain(f"inconclusive: {what}")
        if self.policy == "skip":
            pytest.skip(line)
        if self.policy == "xfail":
            pytest.xfail(line)
        raise InconclusiveError(line + self._where())

    def _unmatched(self) -> str:
        """That the rules matched nothing, in words; empty where they did."""
        if self.overhead.cell not in self.result.unmatched:
            return ""
        return unmatched_words(self.result, self.overhead.cell.scenario, [self.workload])

    def _costs(self, found: Ratio | None, metric: str = ELAPSED) -> str:
        name = "" if metric == ELAPSED else f"{metric}: "
        head = f"{name}{self._name()} on {self.workload}"
        if found is None:
            return f"{head} has no ratio to {self.overhead.against.scenario}"
        return (
            f"{head} costs {ratio(found.ratio)} × {self.overhead.against.scenario} (95 % interval "
            f"{interval(found.ci_low, found.ci_high)}, {counted(found.n, 'block')})"
        )

    def _name(self) -> str:
        return self.rules.name

    def _where(self) -> str:
        return f"; auditbench show {self.folder}"

    def _document(self) -> dict[str, Any]:
        found = self.overhead.ratio(ELAPSED)
        floor = self.overhead.noise_floor
        return {
            "rules": self.rules.name,
            "workload": self.workload,
            "consumer": self.overhead.cell.consumer,
            "reference": self.overhead.against.scenario,
            "ratio": found.ratio if found else None,
            "ratio_ci95": list(self.interval) if self.interval else None,
            "detectable": found.detectable if found else None,
            "noise_floor_ci95": [floor.ci_low, floor.ci_high] if floor else None,
            "blocks": found.n if found else 0,
            "run": self.overhead.stored.name,
        }


def _judge(found: Ratio | None, limit: float) -> Outcome:
    if found is None:
        return "inconclusive"
    return judge_interval(found.ci_low, found.ci_high, limit)


def _why_inconclusive(found: Ratio | None, limit: float) -> str:
    """Why a limit is not decided, and what would decide it."""
    if found is None or found.ci_low is None or found.ci_high is None:
        return f"too few blocks to tell it from the limit of {limit:g}; give at least 2"
    words = f"the limit of {limit:g} is inside it"
    if found.detectable is not None:
        words += f"; so many blocks find a difference of {found.detectable:.1%}"
    needed = blocks_to_decide(found.ratio, found.ci_low, found.ci_high, limit, found.n)
    return words + (f", about {needed:,} would decide" if needed else "")


def _losses(loss: Loss) -> str:
    rate = f" at {_per_second(loss.rate_per_s)}" if loss.rate_per_s else ""
    lost = loss.lost or 0
    of = f"{lost:,} of {counted(loss.expected, 'event')}" if loss.expected is not None else ""
    return (
        f"{of or counted(lost, 'event')} did not arrive whole{rate}, in {loss.trials_with_loss} of "
        f"{counted(loss.trials, 'trial')}"
    )


def _unexplained(loss: Loss) -> str:
    return counted(loss.unexplained, "event is", "events are")


def _per_second(rate: float) -> str:
    return f"{counted(round(rate), 'operation')} per second"


def _loss_document(loss: Loss) -> dict[str, Any]:
    return {
        "trials": loss.trials,
        "trials_with_loss": loss.trials_with_loss,
        "trials_with_loss_at_most": loss.share_high,
        "expected": loss.expected,
        "complete": loss.complete,
        "lost": loss.lost,
        "rate_per_s": loss.rate_per_s,
        "reached_per_s": loss.reached_per_s,
    }
