"""What the fixture `audit_overhead` gives a test: call it with a rule file to measure it.

Light: what measures is imported when it is called.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.outcomes import policy_of, told

if TYPE_CHECKING:
    from harness.pytest_plugin.result import AuditOverheadResult
    from harness.run.request import Conduct, Request

NAME = "audit_overhead"
LINES = pytest.StashKey[list[str]]()
"""What the summary prints: one line per measurement."""


class AuditOverhead:
    """What the fixture `audit_overhead` gives a test: call it with a rule file to measure it."""

    def __init__(
        self,
        request: pytest.FixtureRequest,
        folders: pytest.TempPathFactory,
        benchmark: Any = None,
    ) -> None:
        self._node = request.node
        self._config = request.config
        self._folders = folders
        self._benchmark = benchmark
        self._calls = 0
        self._marked = _marked(request.node)

    def __call__(
        self,
        rules: str | os.PathLike[str],
        *,
        against: str | os.PathLike[str] | None = None,
        workload: str | None = None,
        blocks: int | None = None,
        ops: int | None = None,
        consumer: str | None = None,
        workers: int | None = None,
        auid: str | int | None = None,
        seed: int | None = None,
        until_ci: str | None = None,
        max_time: str | None = None,
        ignore_lock: bool | None = None,
        skip_missing: bool | None = None,
        allow_failures: bool | None = None,
        workload_options: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> AuditOverheadResult:
        """Measure a rule file in blocks, and return what was measured.

        `rules` is in auditctl's syntax; relative paths count from pytest's rootdir. `against` is
        a scenario by name (`no-audit`, which behaves like a kernel whose audit was never
        enabled, `no-rules`, `disabled`) or another rule file. What is not given here is the
        marker's, else the default. Skips the test if audit is not available on this host; fails it
        with one line where the request is wrong, on any host.
        """
        __tracebackhide__ = True
        given = {name: value for name, value in locals().items() if name in MARKER_WORDS}
        words = self._marked | {name: value for name, value in given.items() if value is not None}
        with told(self._config):
            return self._measure(self._path(rules), words)

    def _measure(self, rules: Path, words: dict[str, Any]) -> AuditOverheadResult:
        from harness.pytest_plugin.result import AuditOverheadResult
        from harness.run.overhead_check import REFERENCE, measure_overhead

        against = words.get("against", REFERENCE)
        request = self._request(rules, words)
        policy = policy_of(self._config, words.get("inconclusive"))
        overhead = measure_overhead(request, against=self._reference(against))
        self._calls += 1
        result = AuditOverheadResult(
            overhead=overhead, request=request, config=self._config, policy=policy
        )
        self._tell(result)
        return result

    def _tell(self, result: AuditOverheadResult) -> None:
        """To the summary, the JUnit file, the report of a failure and pytest-benchmark."""
        line = result.one_line()
        self._config.stash.setdefault(LINES, []).append(f"{self._node.nodeid}: {line}")
        self._node.user_properties.append((NAME, line))
        self._node.add_report_section("call", "audit", f"{line}\nstored in {result.folder}")
        if self._benchmark is not None:
            from harness.pytest_plugin.entries import add_entry

            add_entry(self._benchmark, result, self._calls)

    def _request(self, rules: Path, words: Mapping[str, Any]) -> Request:
        """The request for a rule file; `words` are those of the call and of the markers."""
        from harness.run.request import Load, Request, Subject, WorkloadOptions

        numbers = {name: self._config.getoption(f"audit_{name}") for name in ("blocks", "ops")}
        words = {**words, **{name: n for name, n in numbers.items() if n is not None}}
        same = Load.__dataclass_fields__.keys() & words.keys() - {"auid", "workload_options"}
        load = Load(
            workloads=(words["workload"],) if "workload" in words else (),
            consumers=(words["consumer"],) if "consumer" in words else (),
            auid=str(words["auid"]) if "auid" in words else None,
            workload_options=WorkloadOptions(others=words.get("workload_options", {})),
            **{name: words[name] for name in same},
        )
        command = tuple(words.get("command", ()))
        subject = Subject(rule_files=(rules,))
        return Request(subject=subject, load=load, command=command, conduct=self._conduct())

    def _conduct(self) -> Conduct:
        from harness.run.request import Conduct

        config = self._config
        results = config.getoption("audit_results")
        return Conduct(
            results=results or self._folders.mktemp("audit-results"),
            borrow=config.getoption("audit_borrow") or config.getini("audit_borrow"),
            wait=config.getoption("audit_wait"),
            argv=("pytest", self._node.nodeid),
        )

    def _path(self, path: str | os.PathLike[str]) -> Path:
        return self._config.rootpath / path

    def _reference(self, against: str | os.PathLike[str]) -> str | Path:
        """A word is a scenario; whatever has a suffix or a slash is a file."""
        if isinstance(against, str) and os.sep not in against and not Path(against).suffix:
            return against
        return self._path(against)


# Behind `self` and `rules`.
MARKER_WORDS = (*list(inspect.signature(AuditOverhead.__call__).parameters)[2:], "inconclusive")
"""What a marker may say: what a call may, and what becomes of an inconclusive limit."""


def _marked(node: pytest.Item) -> dict[str, Any]:
    """What the markers say, the nearest last."""
    words: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(NAME))):
        unknown = [name for name in marker.kwargs if name not in MARKER_WORDS]
        if marker.args or unknown:
            what = f"does not know {unknown[0]!r}" if unknown else "takes keywords only"
            pytest.fail(
                f"the marker {NAME} {what}: it knows {', '.join(MARKER_WORDS)}", pytrace=False
            )
        words |= marker.kwargs
    return words
