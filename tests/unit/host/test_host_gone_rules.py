"""Whether a kernel counts rules that are gone, told from the event of a change of settings.

The records are those of Linux 6.1 in a virtual machine: before and after the folder of a watch
was removed.
"""

from __future__ import annotations

import errno

import pytest

from harness.errors import KernelAnswerError
from harness.host.gone_rules import probe
from harness.host.gone_rules.probe import counts_gone_rules, verdict
from harness.kernel.client import AuditClient
from tests.fakes.fake_kernel import SET, FakeKernel

CHANGE = (1305, b"audit(1.5:77): op=set audit_enabled=1 old=1 auid=0 ses=1 res=1")
SYSCALL = (1300, b"audit(1.5:77): arch=c000003e syscall=44 success=yes exit=60")
SOCKADDR = (1306, b"audit(1.5:77): saddr=100025F10000000000000000")
TITLE = (1327, b"audit(1.5:77): proctitle=707974686F6E33")
END = (1320, b"audit(1.5:77): ")


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        ([CHANGE, SYSCALL, TITLE, END], False),
        ([CHANGE, SYSCALL, SOCKADDR, TITLE, END], True),
        ([CHANGE], None),  # no audit context, or a kernel that records the change alone
        ([], None),
        ([(1305, b"audit(1.5:70): op=set audit_enabled=1 old=0 auid=0 ses=1 res=1")], None),
    ],
)
def test_what_the_event_of_a_change_says(
    records: list[tuple[int, bytes]], counts: bool | None
) -> None:
    assert verdict(records) is counts


def test_records_of_other_events_say_nothing() -> None:
    other = [(kind, text.replace(b":77)", b":78)")) for kind, text in (SYSCALL, SOCKADDR, END)]
    assert verdict([*other, CHANGE, *other, SYSCALL, TITLE, END]) is False


def test_a_kernel_without_such_records_cannot_be_told() -> None:
    with FakeKernel() as kernel, AuditClient(kernel.connect) as client:
        assert counts_gone_rules(client) is None
        status = client.status()
    assert (status.enabled, status.pid) == (0, 0)


def test_a_refusal_leaves_no_registration() -> None:
    with FakeKernel() as kernel, AuditClient(kernel.connect) as client:
        kernel.refuse[SET, "enabled"] = errno.EPERM
        with pytest.raises(KernelAnswerError):
            counts_gone_rules(client)
        assert kernel.daemon == 0


def test_the_finding_names_the_scenario_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "counts_gone_rules", lambda _: True)
    with FakeKernel() as kernel, AuditClient(kernel.connect) as client:
        finding = probe.find_gone_rules(client)
    assert finding is not None
    assert "`no-rules`" in finding.what
    assert "reboot" in finding.remedy
