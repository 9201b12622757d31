"""For all tests: signals as a shell in the foreground has them; where a skip is a failure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.privilege import NO_USER_NAMESPACE
from tests.support.programs import NOT_SERVED

TESTS = Path(__file__).parent
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
    """Kernel tests first, in one process; the files of the others go to whichever has time."""
    for item in items:
        group = "kernel" if is_of_kernel(item) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: not is_of_kernel(item))


def is_of_kernel(item: pytest.Item) -> bool:
    """Whether a test takes its turn at the host's audit."""
    path = item.path.relative_to(TESTS).as_posix()
    return path.startswith(("kernel/", "guest/test_host_audit"))


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
