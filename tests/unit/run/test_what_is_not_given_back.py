"""What of a run must not look like something else: a damaged host like one without audit, a
recording that took too long like an error of this program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.errors import AuditbenchError, HostUnfitError, NotGivenBackError, UntrustworthyError
from harness.run import record
from harness.run.lifecycle import borrow
from harness.run.request import Conduct
from tests.support.requests import asked


@pytest.mark.parametrize("error", [NotGivenBackError("a rule is missing"), HostUnfitError("none")])
def test_only_a_lease_that_is_refused_is_no_audit(
    monkeypatch: pytest.MonkeyPatch, error: AuditbenchError
) -> None:
    def refused(**_: Any) -> None:
        raise error

    monkeypatch.setattr(borrow, "take_lease", refused)
    with pytest.raises(HostUnfitError) as caught, borrow.borrow_audit(Conduct(), print):
        pass
    assert isinstance(caught.value, borrow.NoAuditError) is (type(error) is HostUnfitError)


def test_a_recording_that_takes_too_long_is_not_trustworthy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @contextmanager
    def lease(**_: Any) -> Iterator[None]:
        yield None

    class Client:
        """As far as a recording asks it."""

        lost = 0

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None: ...

        def status(self) -> Client:
            return self

    def too_long(*_: Any) -> None:
        raise TimeoutError("the workload did not answer in time")

    monkeypatch.setattr(record, "take_lease", lease)
    monkeypatch.setattr(record, "AuditClient", Client)
    monkeypatch.setattr(record, "_record", too_long)
    target = tmp_path / "mine.log"
    with pytest.raises(UntrustworthyError, match="did not answer in time: nothing is recorded"):
        record.record_capture(asked(workloads=("udp",)), target, print)
    assert not target.exists()
