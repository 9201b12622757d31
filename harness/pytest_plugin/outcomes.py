"""What goes wrong, as pytest's outcomes: skipped, failed or stopped, with one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from harness.errors import AuditbenchError, InterruptedRunError, UsageError

POLICIES = ("fail", "xfail", "skip")
"""What may become of a test whose statement is not decided."""


@contextmanager
def told(config: pytest.Config) -> Iterator[None]:
    """Ends the test as what goes wrong inside deserves, whatever kind of host it is."""
    __tracebackhide__ = True
    if os.environ.get("PYTEST_XDIST_WORKER"):
        pytest.skip("measuring needs the host for itself: run pytest without -n")
    try:
        yield
    except AuditbenchError as error:
        found = error
    else:
        return
    _end(found, config)


def _end(error: AuditbenchError, config: pytest.Config) -> NoReturn:
    from harness.plain import plain
    from harness.run.lifecycle.borrow import NoAuditError

    __tracebackhide__ = True
    line = "\n".join(plain(_in_words_of_pytest(each)) for each in error.lines())
    # Without the error behind it: pytest would print the line twice.
    if isinstance(error, InterruptedRunError):
        raise KeyboardInterrupt(line) from None
    if isinstance(error, NoAuditError) and not config.getoption("audit_require"):
        raise pytest.skip.Exception(line) from None
    raise pytest.fail.Exception(line, pytrace=False) from None


def _in_words_of_pytest(line: str) -> str:
    """The remedy names options of the command line; those of pytest are called otherwise."""
    for option in ("--borrow", "--wait"):
        line = line.replace(option, option.replace("--", "--audit-"))
    for option in ("--ignore-lock", "--skip-missing", "--allow-failures"):
        line = line.replace(option, f"{option.removeprefix('--').replace('-', '_')}=True")
    return line


def policy_of(config: pytest.Config, marked: str | None) -> str:
    """What becomes of an inconclusive statement: the option's word, the marker's, or the ini's."""
    policy = config.getoption("audit_inconclusive") or marked
    policy = policy or config.getini("audit_inconclusive")
    if policy not in POLICIES:
        raise UsageError(f"inconclusive={policy!r} is unknown", remedy=f"one of {POLICIES}")
    return str(policy)
