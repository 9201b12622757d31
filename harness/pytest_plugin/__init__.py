"""The pytest plugin: the fixture `audit_overhead`, with its marker, options and outcomes.

    @pytest.mark.audit_overhead(workload="udp", blocks=12)
    def test_base_rules(audit_overhead):
        result = audit_overhead("rules/base.rules")
        result.assert_ratio_below(2.5)
        result.assert_nothing_lost(rate=20_000)

Every pytest process on the host loads this file, so nothing is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin.fixture import LINES, MARKER_WORDS, NAME, AuditOverhead
from harness.pytest_plugin.outcomes import POLICIES

__all__ = ["AuditOverhead"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin; each has an ini key where a repository may want to fix it."""
    group = parser.getgroup("auditbench", "auditbench: what audit rules cost")
    group.addoption(
        "--audit-results",
        metavar="DIR",
        type=Path,
        help="keep the runs of audit_overhead there instead of in pytest's temporary folder",
    )
    group.addoption(
        "--audit-blocks",
        metavar="N",
        type=int,
        help="measure in so many blocks, whatever the tests say: few to try out, many at night",
    )
    group.addoption(
        "--audit-ops",
        metavar="N",
        type=int,
        help="do so many operations per trial, whatever the tests say; rates stay as they are",
    )
    group.addoption(
        "--audit-inconclusive",
        choices=POLICIES,
        help="what becomes of a test whose limit lies inside the interval (default: fail)",
    )
    group.addoption(
        "--audit-borrow",
        action="store_true",
        help="ask a running audit daemon to stop, and start it again afterwards",
    )
    group.addoption(
        "--audit-wait",
        action="store_true",
        help="wait for another run on this host instead of skipping",
    )
    group.addoption(
        "--audit-require",
        action="store_true",
        help="fail instead of skipping if audit is not available on this host",
    )
    parser.addini("audit_inconclusive", "as --audit-inconclusive", default="fail")
    parser.addini("audit_borrow", "as --audit-borrow", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known and the fixture, beside pytest-benchmark where there is one."""
    config.addinivalue_line(
        "markers",
        f"{NAME}({', '.join(MARKER_WORDS)}): with what the fixture of that name measures",
    )
    policy = config.getini("audit_inconclusive")
    if policy not in POLICIES:
        raise pytest.UsageError(f"audit_inconclusive = {policy}: give one of {', '.join(POLICIES)}")
    beside = config.pluginmanager.hasplugin("benchmark")
    config.pluginmanager.register(_WithBenchmark() if beside else _Alone(), f"{NAME}_fixture")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line per measurement; nothing where nothing was measured."""
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("audit overhead")
        for line in lines:
            terminalreporter.write_line(line)


class _Alone:
    """The fixture where pytest-benchmark is not."""

    @pytest.fixture(name=NAME)
    def audit_overhead(
        self, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> AuditOverhead:
        """Measure what a rule file costs: call it with the file, then assert on what it returns."""
        return AuditOverhead(request, tmp_path_factory)


class _WithBenchmark:
    """The fixture beside pytest-benchmark's, which makes the test a benchmark to its options."""

    @pytest.fixture(name=NAME)
    def audit_overhead(
        self,
        request: pytest.FixtureRequest,
        tmp_path_factory: pytest.TempPathFactory,
        benchmark: Any,
    ) -> Iterator[AuditOverhead]:
        """Measure what a rule file costs: call it with the file, then assert on what it returns."""
        from harness.pytest_plugin.entries import claimed

        with claimed(benchmark):
            yield AuditOverhead(request, tmp_path_factory, benchmark)
