"""The doctor's findings on made-up hosts: severity, and a remedy wherever something is wrong."""

from __future__ import annotations

import ast
import ctypes
import dataclasses
import json
import os
from pathlib import Path
from types import GeneratorType

import pytest

from harness.errors import HostUnfitError, KernelAnswerError
from harness.host.audit_view import ask_kernel
from harness.host.doctor import Diagnosis, checks, diagnose, judge
from harness.host.ever_enabled.probe import EverEnabled
from harness.host.facts import read_host_facts
from harness.host.finding import Finding
from harness.host.software import libaudit_error
from harness.kernel.lease.lock import RunLock
from harness.kernel.rules.libaudit import libaudit
from tests.support.made_up_host import RELEASE, MadeUpClient, MadeUpHost, audit_status

HOST_FOLDER = Path(__file__).parents[3] / "harness/host"


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    return MadeUpHost(tmp_path)


def examined(
    host: MadeUpHost,
    client: MadeUpClient | None = None,
    *,
    missing: HostUnfitError | None = None,
) -> Diagnosis:
    def probe(_client: object) -> EverEnabled:
        return EverEnabled("never", "made up")

    return diagnose(
        host.root, lambda: client or MadeUpClient(), probe=probe, library_error=lambda: missing
    )


def finding(diagnosis: Diagnosis, name: str) -> Finding:
    return next(found for found in diagnosis.findings if found.name == name)


def severities(diagnosis: Diagnosis) -> dict[str, str]:
    return {found.name: found.severity for found in diagnosis.findings}


def test_a_quiet_server_is_fit_and_nothing_is_wrong(host: MadeUpHost) -> None:
    diagnosis = examined(host)
    assert diagnosis.fit
    # Hardware counters are those of the machine that runs the test.
    found = severities(diagnosis)
    del found["hardware-counters"]
    assert set(found.values()) == {"ok"}


def test_the_diagnosis_is_json(host: MadeUpHost) -> None:
    host.audit_socket(700, port=4000, groups=1)
    document = json.loads(json.dumps(dataclasses.asdict(examined(host))))
    assert document["fit"] is True
    assert document["ever_enabled"]["state"] == "never"


def test_order_of_the_groups(host: MadeUpHost) -> None:
    """On a host with almost everything to say; a quiet one leaves some findings out."""
    host.audit_socket(700, port=4000, groups=1)
    host.change("/proc/self/status", "000001ffffffffff", "0000000060000000")
    host.change("/proc/self/status", "Seccomp:\t0", "Seccomp:\t2")
    host.change("/proc/self/status", "TracerPid:\t0", "TracerPid:\t77")
    host.change("/sys/kernel/security/lsm", "yama", "selinux")
    host.link("/proc/self/ns/net", "net:[4026539999]")
    host.write("/run/auditbench/lease.json", "{}")
    for resource in ("cpu", "memory", "io"):
        host.change(f"/proc/pressure/{resource}", "some avg10=0.50", "some avg10=50.00")
    names = [found.name for found in examined(host, MadeUpClient(audit_status(lost=7))).findings]
    assert names == [
        *("privilege", "capability-net-admin", "capability-audit-read"),
        *("namespaces", "net-namespace", "seccomp", "tracer"),
        "other-run",
        *("audit-in-kernel", "audit-parameter", "enabled", "ever-enabled"),
        *("rules", "features", "security-modules"),
        *("registered-daemon", "multicast-listener", "journald-audit-socket", "other-consumer"),
        *("backlog", "failure", "rate-limit", "lost"),
        *("cpus", "virtualisation"),
        *("steal", "load", "pressure-cpu", "pressure-memory", "pressure-io"),
        *("frequency", "clocksource"),
        "libaudit",
        *("cpu-time", "hardware-counters", "tracepoints", "process-events"),
    ]


def test_every_check_of_a_topic_is_called(host: MadeUpHost) -> None:
    topics = [path for path in HOST_FOLDER.glob("*.py") if path.stem != "doctor"]
    defined = {
        (path.stem, node.name)
        for path in topics
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check")
    }
    view = ask_kernel(MadeUpClient, tree=host.tree)
    called = [
        (Path(check.gi_code.co_filename).stem, check.gi_code.co_name)
        for check in checks(read_host_facts(host.root), view)
        if isinstance(check, GeneratorType)
    ]
    assert len(called) == len(set(called)) > 8
    assert set(called) == defined


def unfit_by(host: MadeUpHost, name: str, client: MadeUpClient | None = None) -> Finding:
    diagnosis = examined(host, client)
    assert not diagnosis.fit
    found = finding(diagnosis, name)
    assert found.severity == "unfit"
    assert found.remedy
    return found


def test_without_libaudit_nothing_can_be_measured(host: MadeUpHost) -> None:
    diagnosis = examined(host, missing=HostUnfitError("it is not there", remedy="install it"))
    assert not diagnosis.fit
    found = finding(diagnosis, "libaudit")
    assert (found.severity, found.what, found.remedy) == (
        "unfit", "it is not there", "install it",
    )  # fmt: skip


def test_the_library_is_tried_and_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(f"{name}: no such file")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    libaudit.cache_clear()
    error = libaudit_error()
    assert error is not None
    assert "libaudit.so.1 cannot be loaded" in error.what
    assert "apt-get install libaudit1" in error.remedy


def test_without_privilege(host: MadeUpHost) -> None:
    host.change("/proc/self/status", "000001ffffffffff", "0000000000000000")
    assert "CAP_AUDIT_CONTROL" in unfit_by(host, "privilege").what
    found = severities(examined(host))
    assert found["capability-net-admin"] == "warning"
    assert found["capability-audit-read"] == "warning"


def test_in_a_container(host: MadeUpHost) -> None:
    host.write("/.dockerenv", "")
    host.link("/proc/self/ns/pid", "pid:[4026532201]")
    found = unfit_by(host, "namespaces")
    assert "docker" in found.what
    assert "pid" in found.what


def test_in_a_user_namespace_alone(host: MadeUpHost) -> None:
    host.link("/proc/self/ns/user", "user:[4026532201]")
    assert "user" in unfit_by(host, "namespaces").what


def test_container_marker_in_the_hosts_namespaces_is_a_note(host: MadeUpHost) -> None:
    host.write("/.dockerenv", "")
    diagnosis = examined(host)
    assert diagnosis.fit
    assert finding(diagnosis, "namespaces").severity == "note"


def test_other_net_namespace(host: MadeUpHost) -> None:
    host.link("/proc/self/ns/net", "net:[4026539999]")
    diagnosis = examined(host)
    assert diagnosis.fit
    assert finding(diagnosis, "net-namespace").severity == "warning"


def test_kernel_without_audit(host: MadeUpHost) -> None:
    host.write(f"/boot/config-{RELEASE}", "CONFIG_HZ=250\n")
    unfit_by(host, "audit-in-kernel")


def test_kernel_without_syscall_auditing(host: MadeUpHost) -> None:
    host.write(f"/boot/config-{RELEASE}", "CONFIG_AUDIT=y\n")
    assert "AUDITSYSCALL" in unfit_by(host, "audit-in-kernel").what


def test_kernel_that_does_not_answer(host: MadeUpHost) -> None:
    client = MadeUpClient()
    client.refuse["status"] = [KernelAnswerError("it says no", errno=1, remedy="ask nicely")] * 9
    found = unfit_by(host, "audit-in-kernel", client)
    assert (found.what, found.remedy) == ("it says no", "ask nicely")


@pytest.mark.parametrize("value", ["0", "off"])
def test_booted_without_audit(host: MadeUpHost, value: str) -> None:
    host.write("/proc/cmdline", f"quiet audit={value}")
    unfit_by(host, "audit-parameter")


def test_booted_with_audit_is_a_note(host: MadeUpHost) -> None:
    host.write("/proc/cmdline", "audit=1")
    assert severities(examined(host))["audit-parameter"] == "note"


def test_locked(host: MadeUpHost) -> None:
    client = MadeUpClient(audit_status(enabled=2))
    assert "locked" in unfit_by(host, "enabled", client).what


@pytest.mark.parametrize(
    ("state", "severity"),
    [("never", "ok"), ("now", "ok"), ("before", "note"), ("unknown", "note")],
)
def test_ever_enabled(host: MadeUpHost, state: str, severity: str) -> None:
    def probe(_client: object) -> EverEnabled:
        return EverEnabled(state, "because")  # type: ignore[arg-type]

    found = finding(diagnose(host.root, MadeUpClient, probe=probe), "ever-enabled")
    assert (found.severity, found.evidence) == (severity, "because")


def test_without_probe_nothing_is_said(host: MadeUpHost) -> None:
    found = judge(read_host_facts(host.root), ask_kernel(MadeUpClient, tree=host.tree))
    assert "ever-enabled" not in {finding.name for finding in found}


def test_live_daemon(host: MadeUpHost) -> None:
    host.process(900, "auditd", exe="/usr/sbin/auditd", sockets=[5555])
    host.audit_socket(5555, port=900)
    host.audit_socket(5555, port=900, table="900")
    found = unfit_by(host, "registered-daemon", MadeUpClient(audit_status(pid=900)))
    assert "auditd" in found.what
    assert "--borrow" in found.remedy
    assert "other-consumer" in severities(examined(host, MadeUpClient(audit_status(pid=900))))


def test_stale_daemon_does_not_prevent(host: MadeUpHost) -> None:
    diagnosis = examined(host, MadeUpClient(audit_status(pid=900)))
    assert diagnosis.fit
    assert finding(diagnosis, "registered-daemon").severity == "warning"


def test_rules_are_counted(host: MadeUpHost) -> None:
    client = MadeUpClient(rules=[bytes(1040)] * 3)
    assert "3 rules" in finding(examined(host, client), "rules").what


@pytest.mark.parametrize(("bits", "severity"), [(0, "ok"), (1, "note"), (2, "warning")])
def test_features(host: MadeUpHost, bits: int, severity: str) -> None:
    assert finding(examined(host, MadeUpClient(features=bits)), "features").severity == severity


def test_journald_listens(host: MadeUpHost) -> None:
    host.audit_socket(700, port=4000, groups=1, drops=3)
    host.process(400, "systemd-journal", sockets=[700])
    found = finding(examined(host), "multicast-listener")
    assert found.severity == "warning"
    assert "systemd-journal (pid 400)" in found.what
    assert "dropped 3" in found.what
    assert "systemd-journald-audit.socket" in found.remedy


def test_journald_could_join(host: MadeUpHost) -> None:
    host.write("/run/systemd/system/.keep", "")
    host.write("/usr/lib/systemd/system/systemd-journald-audit.socket", "")
    assert finding(examined(host), "journald-audit-socket").severity == "note"


def test_other_consumers(host: MadeUpHost) -> None:
    host.process(50, "osqueryd")
    host.process(51, "systemd-journal")
    named = [f for f in examined(host).findings if f.name == "other-consumer"]
    assert [f.severity for f in named] == ["warning"]
    assert "osquery" in named[0].what


def test_limits_that_endanger_the_host(host: MadeUpHost) -> None:
    client = MadeUpClient(audit_status(backlog_limit=0, failure=2, rate_limit=100, lost=7))
    found = severities(examined(host, client))
    assert found["backlog"] == "warning"
    assert found["failure"] == "warning"
    assert found["rate-limit"] == "note"
    assert found["lost"] == "note"


def test_waits_are_told_in_jiffies_and_ms(host: MadeUpHost) -> None:
    assert "15000 jiffies (60000 ms)" in finding(examined(host), "backlog").what
    none = MadeUpClient(audit_status(backlog_wait_time=0))
    assert "no waiting" in finding(examined(host, none), "backlog").what
    old = MadeUpClient(audit_status(backlog_wait_time=None))
    assert "not settable" in finding(examined(host, old), "backlog").what


@pytest.mark.parametrize(
    ("path", "old", "new", "name", "severity"),
    [
        ("/proc/self/status", "0-3", "2", "cpus", "warning"),
        ("/proc/self/status", "0-3", "0,2", "cpus", "warning"),
        ("/proc/self/status", "Seccomp:\t0", "Seccomp:\t2", "seccomp", "warning"),
        ("/proc/self/status", "TracerPid:\t0", "TracerPid:\t77", "tracer", "warning"),
        ("/proc/stat", "20 5 0 0", "20 500 0 0", "steal", "warning"),
        ("/proc/loadavg", "0.10", "3.10", "load", "warning"),
        ("/proc/pressure/io", "some avg10=0.50", "some avg10=50.00", "pressure-io", "warning"),
        ("/proc/cpuinfo", "fpu tsc", "fpu tsc hypervisor", "virtualisation", "note"),
        ("/proc/self/schedstat", "123456 789 10", "0 0 0", "cpu-time", "warning"),
        (f"/boot/config-{RELEASE}", "CONFIG_PROC_EVENTS=y\n", "", "process-events", "note"),
        (f"/boot/config-{RELEASE}", "CONFIG_FTRACE_SYSCALLS=y\n", "", "tracepoints", "note"),
        ("/sys/kernel/security/lsm", "yama", "selinux", "security-modules", "note"),
        (
            "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor",
            "performance",
            "powersave",
            "frequency",
            "warning",
        ),
        ("/sys/devices/system/cpu/intel_pstate/no_turbo", "1", "0", "frequency", "note"),
        (
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
            "tsc",
            "hpet",
            "clocksource",
            "warning",
        ),
    ],
)
def test_what_disturbs(
    host: MadeUpHost, path: str, old: str, new: str, name: str, severity: str
) -> None:
    host.change(path, old, new)
    diagnosis = examined(host)
    assert diagnosis.fit
    assert finding(diagnosis, name).severity == severity


def test_every_warning_has_a_remedy(host: MadeUpHost) -> None:
    host.change("/proc/self/status", "000001ffffffffff", "0000000060000000")
    host.change("/proc/self/status", "Seccomp:\t0", "Seccomp:\t2")
    host.change("/proc/self/status", "0-3", "2")
    host.change("/proc/loadavg", "0.10", "9.10")
    host.link("/proc/self/ns/net", "net:[4026539999]")
    host.process(50, "falco")
    host.audit_socket(700, port=4000, groups=1)
    client = MadeUpClient(audit_status(backlog_limit=0, failure=2, pid=1234), features=2)
    diagnosis = examined(host, client)
    warnings = [f for f in diagnosis.findings if f.severity in {"warning", "unfit"}]
    assert len(warnings) > 9
    assert all(found.remedy for found in warnings)


def test_all_texts_are_one_line(host: MadeUpHost) -> None:
    for found in examined(host).findings:
        assert "\n" not in found.what + found.remedy + found.evidence
        assert not found.what.endswith(".")


def test_another_run_has_the_host(host: MadeUpHost) -> None:
    lock = RunLock(host.root / "run/auditbench/lock")
    (host.root / "run/auditbench").mkdir(parents=True)
    lock.acquire("auditbench run overhead")
    held = host.tree.text("/run/auditbench/lock") or ""
    host.write("/run/auditbench/lock", held.replace(f'"pid": {os.getpid()}', '"pid": 1'))
    try:
        assert "auditbench run overhead" in unfit_by(host, "other-run").what
    finally:
        lock.close()
    assert "other-run" not in severities(examined(host))


def test_the_run_itself_is_no_other_run(host: MadeUpHost) -> None:
    lock = RunLock(host.root / "run/auditbench/lock")
    (host.root / "run/auditbench").mkdir(parents=True)
    lock.acquire("auditbench run overhead")
    try:
        assert "other-run" not in severities(examined(host))
    finally:
        lock.close()


def test_a_dead_run_left_something(host: MadeUpHost) -> None:
    host.write("/run/auditbench/lease.json", "{}")
    found = finding(examined(host), "other-run")
    assert found.severity == "warning"
    assert "auditbench restore" in found.remedy
