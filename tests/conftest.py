"""For all tests: signals as a shell in the foreground has them; where a skip is a failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.support.privilege import NO_USER_NAMESPACE
from tests.support.programs import NOT_SERVED

KERNEL = "tests/kernel"
OF_KERNEL = ("tests/kernel/", "tests/guest/test_host_audit")
"""Where tests take their turn at the host's audit."""
LONG_FIRST = (KERNEL, "tests/guest/", "tests/integration/")
"""In which order tests begin; the others, which are short, after them."""
STEPPED_BACK = 5
"""The nice value of tests that others do not wait for."""
REQUIRED = os.environ.get("AUDITBENCH_REQUIRE_KERNEL") == "1"
"""On a machine that is there for these tests, and has audit, a skip is a failure, but for want of a
package that the distribution does not serve, or of user namespaces in a changed root.
"""


def pytest_configure() -> None:
    """Who starts tests in the background may ignore some, and so would all children."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A pytest that a test starts is no worker of this one.
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        del os.environ[name]
    # A busy machine takes longer over an example now and then.
    settings.register_profile("any machine", deadline=None)
    settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Kernel tests first, which no second process can share: the others are done beside them.
    Long files next, so that no process is left alone with one at the end.
    """
    items.sort(key=lambda item: rank_of(scope_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Iterator[int]:
    """One process more than there are CPUs: that of the kernel tests waits most of its time."""
    return (yield) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """All kernel tests go to one process, as they take turns at the host's audit; of the others
    each file goes to whichever has time.
    """
    from xdist.scheduler import LoadScopeScheduling

    # It would begin with the files of most tests, which are the shortest.
    config.option.loadscopereorder = False

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return ByFile(config, log)


def scope_of(nodeid: str) -> str:
    """What a test shares its process with."""
    file = nodeid.split("::", 1)[0]
    return KERNEL if file.startswith(OF_KERNEL) else file


def rank_of(scope: str) -> int:
    """Where it stands in LONG_FIRST."""
    ranks = (rank for rank, start in enumerate(LONG_FIRST) if scope.startswith(start))
    return next(ranks, len(LONG_FIRST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside the kernel tests, which take longest and wait for nobody, the others step back."""
    is_worker = hasattr(item.config, "workerinput")
    if is_worker and scope_of(item.nodeid) != KERNEL and os.nice(0) < STEPPED_BACK:
        os.nice(STEPPED_BACK - os.nice(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """A test that is skipped without need has failed."""
    return refused((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """So has a file of tests."""
    return refused((yield))


def refused(report: Any) -> Any:
    """The report of a skip as one of a failure, where nothing is to be skipped."""
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        if NOT_SERVED not in reason and NO_USER_NAMESPACE not in reason:
            report.outcome = "failed"
            report.longrepr = f"{reason}\n(AUDITBENCH_REQUIRE_KERNEL=1: nothing is to be skipped)"
    return report
