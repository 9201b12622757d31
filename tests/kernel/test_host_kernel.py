"""The doctor and its probe on the live host: what they find is so, and nothing stays behind."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.host.audience import read_audience_facts
from harness.host.doctor import Diagnosis, diagnose
from harness.host.ever_enabled.probe import never_task_rule, probe_ever_enabled
from harness.host.facts import read_host_facts
from harness.host.finding import Finding
from harness.host.gone_rules.probe import counts_gone_rules
from harness.host.tree import HostTree
from harness.kernel.client import AuditClient
from harness.kernel.lease.daemon import clear_stale_daemon
from harness.metrics.audit import read_kauditd_cpu
from tests.support.privilege import require_user_namespace

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
READLOG = 1

# A process with an audit socket that registers, or joins the multicast group, and waits.
LISTENER = """
import os, socket, sys
audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
audit.bind((0, int(sys.argv[1])))
if sys.argv[1] == "0":
    from harness.kernel.client import AuditClient
    client = AuditClient(lambda: audit)
    client.register()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def same_audit_state_afterwards() -> Iterator[None]:
    with AuditClient() as client:
        if client.status().enabled or client.status().pid:
            pytest.skip("somebody uses this host's audit")
        before = (client.status().settings(), client.list_rules())
        yield
        assert (client.status().settings(), client.list_rules()) == before


@contextmanager
def listener(groups: int) -> Iterator[int]:
    """The pid of a process that listens for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(groups)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.pid
        process.kill()


def finding(diagnosis: Diagnosis, name: str) -> Finding:
    return next(found for found in diagnosis.findings if found.name == name)


def test_this_host_is_fit() -> None:
    diagnosis = diagnose()
    assert [f for f in diagnosis.findings if f.severity == "unfit"] == []
    assert diagnosis.fit
    assert finding(diagnosis, "ever-enabled").evidence


def test_without_privilege_it_says_so() -> None:
    program = (
        "import os, json, dataclasses; from harness.host.doctor import diagnose; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        "print(json.dumps(dataclasses.asdict(diagnose())))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    severities = {f["name"]: f["severity"] for f in json.loads(found.stdout)["findings"]}
    assert severities["privilege"] == "unfit"
    assert severities["audit-in-kernel"] == "unfit"


def test_the_probe_gives_the_same_answer_again_and_again() -> None:
    with AuditClient() as client:
        states = [probe_ever_enabled(client).state for _ in range(5)]
    assert len(set(states)) == 1
    assert states[0] in {"never", "before"}


def test_the_probe_sees_that_audit_was_enabled() -> None:
    with AuditClient() as client:
        client.set_status("enabled", 1)
        try:
            assert probe_ever_enabled(client).state == "now"
        finally:
            client.set_status("enabled", 0)
        assert [probe_ever_enabled(client).state for _ in range(5)] == ["before"] * 5


def test_the_probe_does_without_a_rule_where_the_host_has_one_on_the_task_list() -> None:
    foreign = never_task_rule(2**31 - 1)
    with AuditClient() as client:
        client.add_rule(foreign)
        try:
            assert foreign in client.list_rules()
            answer = probe_ever_enabled(client)
        finally:
            client.delete_rule(foreign)
    assert answer.state == "unknown" or "kcore" in answer.how


def test_a_registered_process_is_named_and_then_stale() -> None:
    with AuditClient() as client:
        try:
            with listener(0) as pid:
                found = finding(diagnose(), "registered-daemon")
                assert found.severity == "unfit"
                assert f"pid {pid}" in found.what
            if client.status().pid == pid:
                assert finding(diagnose(), "registered-daemon").severity == "warning"
        finally:
            clear_stale_daemon(client)


def test_a_multicast_listener_is_found_by_its_socket() -> None:
    with listener(READLOG) as pid:
        owners = [s.owner_pid for s in read_audience_facts(HostTree()).listeners]
        found = [f for f in diagnose().findings if f.name == "multicast-listener"]
    assert pid in owners
    assert any(f"pid {pid}" in f.what for f in found)
    assert pid not in [s.owner_pid for s in read_audience_facts(HostTree()).listeners]


def test_sockets_without_the_group_are_no_listeners() -> None:
    before = len(read_audience_facts(HostTree()).listeners)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as audit:
        audit.bind((0, 0))
        audience = read_audience_facts(HostTree())
        assert audit.getsockname()[0] in [found.port_id for found in audience.sockets]
        assert len(audience.listeners) == before


PID_NAMESPACE = (
    *("unshare", "--pid", "--fork", "--mount", "--propagation", "unchanged", "sh", "-c"),
    'mount --make-rprivate /proc && mount -t proc proc /proc && exec "$@"',
    "sh",
)


@pytest.mark.parametrize("wrapper", [("unshare", "--user", "--map-root-user"), PID_NAMESPACE])
def test_in_foreign_namespaces_it_says_so(wrapper: tuple[str, ...]) -> None:
    if "--user" in wrapper:
        require_user_namespace()
    program = (
        "import dataclasses, json; from harness.host.doctor import diagnose; "
        "print(json.dumps(dataclasses.asdict(diagnose())))"
    )
    found = subprocess.run(
        [*wrapper, sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode and found.stderr.startswith("unshare:"):
        pytest.skip("this host does not let us make namespaces")
    document = json.loads(found.stdout)
    severities = {f["name"]: f["severity"] for f in document["findings"]}
    assert severities["namespaces"] == "unfit"
    assert severities["audit-in-kernel"] == "unfit"
    assert document["fit"] is False
    assert found.stderr == ""


def test_kauditd_works_when_there_are_records() -> None:
    before = read_kauditd_cpu()
    with AuditClient() as client:
        client.set_status("enabled", 1)
        try:
            for number in range(200):
                client.send_user_message(f"auditbench-test:{number}")
        finally:
            client.set_status("enabled", 0)
    after = read_kauditd_cpu()
    assert before is not None
    assert after is not None
    assert (after.delta(before)["run_ns"] or 0) > 0


def test_facts_of_this_host_agree_with_the_kernel() -> None:
    facts = read_host_facts()
    assert facts.privilege.can("CAP_AUDIT_CONTROL")
    assert facts.kernel.config.get("CONFIG_AUDIT", "y") == "y"
    assert facts.kernel.hz in {100, 250, 300, 1000}


def test_a_kernel_tells_whether_it_counts_rules_that_are_gone(audit_host: AuditClient) -> None:
    before = audit_host.status()
    audit_host.set_status("enabled", 1)  # from here on every new process has an audit context
    audit_host.set_status("enabled", 0)
    assert counts_gone_rules(audit_host) in (True, False)
    after = audit_host.status()
    assert (after.enabled, after.pid) == (before.enabled, before.pid)
    assert audit_host.list_rules() == []
