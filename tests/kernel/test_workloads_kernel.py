"""The loads on the live kernel: each in a session of its own, each call an event, none besides.

The rules match one audit session only, so nobody else's calls are recorded.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import AuditbenchError, KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.text import parse_rule
from harness.processes.line_process import Document, LineProcess, module_command
from tests.support.loads import load_command
from tests.support.patience import PATIENCE_S
from workloads.catalog import WORKLOADS

pytestmark = pytest.mark.kernel

CASES = {
    "shells": ["--ops", "50"],
    "udp": ["--ops", "2000", "--workers", "2"],
    "mixed": ["--ops", "50"],
    "osquery-stress": ["-n", "4"],
    "files": ["--ops", "1000"],
}
MACHINE = platform.machine()
UNSET = 2**32 - 1


@pytest.fixture
def consumer(audit_host: AuditClient) -> Iterator[LineProcess]:
    """The registered consumer, with audit enabled and room for everything."""
    before = audit_host.status().settings()
    words = ["--control", "--mode", "unicast", "--depth", "assemble", "--marker", "loads-done"]
    with LineProcess("consumer", module_command("consumer", *words)) as process:
        process.expect("ready", timeout_s=PATIENCE_S)
        audit_host.set_status("backlog_limit", 16384)
        audit_host.set_status("enabled", 1)
        try:
            yield process
        finally:
            audit_host.set_status("enabled", before["enabled"])
            audit_host.set_status("backlog_limit", before["backlog_limit"])


@contextmanager
def session_rule(client: AuditClient, calls: list[str], session: int) -> Iterator[None]:
    """Records the `calls` of one session while it lasts."""
    words = ["-a", "always,exit", "-F", "arch=b64", "-S", ",".join(calls)]
    rule = parse_rule([*words, "-F", f"sessionid={session}"]).rule
    assert rule is not None
    client.add_rule(rule.to_bytes())
    try:
        yield
    finally:
        client.delete_rule(rule.to_bytes())


def run_recorded(
    client: AuditClient, consumer: LineProcess, name: str, calls: list[str]
) -> tuple[Document, Document]:
    """One load with its calls recorded; its result and the consumer's."""
    command = module_command("workloads", name, "--control", *CASES[name])
    with LineProcess("workload", command) as load:
        ready = load.expect("ready", timeout_s=PATIENCE_S)
        assert ready["session"] is not None, ready["session_reason"]
        with session_rule(client, calls, ready["session"]):
            load.send("go")
            done = load.expect("result", timeout_s=PATIENCE_S)
    for number in range(1, 4):
        client.send_user_message(f"loads-done:{number}")
        consumer.expect("marker", timeout_s=PATIENCE_S)
    consumer.send("stop")
    return done, consumer.expect("result", timeout_s=PATIENCE_S)


def numbers_here(yields: dict[str, float]) -> dict[str, int]:
    """The syscall numbers of the names that this machine's kernel has."""
    numbers = {}
    for name in yields:
        try:
            numbers[name] = syscall_number(name, MACHINE)
        except AuditbenchError:
            continue
    return numbers


@pytest.mark.parametrize("name", CASES)
def test_the_yields_are_the_events(
    audit_host: AuditClient, consumer: LineProcess, name: str
) -> None:
    numbers = numbers_here(dict(WORKLOADS[name].yields))
    lost = audit_host.status().lost
    done, received = run_recorded(audit_host, consumer, name, list(numbers))
    group = received["sessions"][str(done["session"])]
    counts = {call: group["by_syscall"].get(str(number), {}) for call, number in numbers.items()}
    assert (audit_host.status().lost - lost, done["failures"]) == (0, 0)
    assert {call: found.get("complete", 0) for call, found in counts.items()} == {
        call: done["yields"][call] * done["ops"] for call in numbers
    }
    assert group["partial"] == 0


def test_every_load_has_another_session(audit_host: AuditClient) -> None:
    sessions = []
    for _ in range(3):
        with LineProcess("workload", module_command("workloads", "udp", "--control")) as load:
            sessions.append(load.expect("ready", timeout_s=PATIENCE_S)["session"])
    assert sessions == sorted(set(sessions))


@pytest.mark.parametrize(("feature", "uid"), [("only_unset_loginuid", 1000), ("immutable", 1000)])
def test_where_loginuid_cannot_be_set_the_reason_is_told(
    audit_host: AuditClient, feature: str, uid: int
) -> None:
    """The kernel's two features that forbid to set it twice, asked by one who has set it once."""
    bit = {"only_unset_loginuid": 1, "immutable": 2}[feature]
    try:
        audit_host.set_features(bit, bit)
    except KernelAnswerError as error:
        pytest.skip(str(error))
    try:
        script = f'echo {uid} > /proc/self/loginuid && exec "$@"'
        words = load_command("udp", "--ops", 10)
        shown = subprocess.run(
            ["sh", "-c", script, "sh", *words], capture_output=True, text=True, check=True
        ).stdout
    finally:
        audit_host.set_features(bit, 0)
    found = json.loads(shown)
    assert (found["session"], found["auid"], found["ops"]) == (None, uid, 10)
    assert "could not be set: the kernel refused" in found["session_reason"]


def test_the_callers_own_loginuid_stays(audit_host: AuditClient) -> None:
    before = Path("/proc/self/loginuid").read_text()
    with LineProcess("workload", module_command("workloads", "udp", "--control")) as load:
        ready = load.expect("ready", timeout_s=PATIENCE_S)
        assert Path(f"/proc/{load.pid}/loginuid").read_text() == before
        assert int(before) in (ready["auid"], UNSET)
