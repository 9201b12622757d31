"""The client against the running kernel."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.errors import KernelAnswerError
from harness.kernel import netlink
from harness.kernel.client import AuditClient
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon
from harness.kernel.messages import with_prepend
from tests.support.privilege import AS_NOBODY, require_user_namespace
from tests.support.programs import program

pytestmark = pytest.mark.kernel

ASK = "from harness.kernel.client import AuditClient; print(AuditClient().status().enabled)"


@pytest.fixture
def enabled(audit_host: AuditClient) -> Iterator[None]:
    """Audit enabled for the length of a test."""
    before = audit_host.status().enabled
    audit_host.set_status("enabled", 1)
    yield
    audit_host.set_status("enabled", before)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("failure", 0),
        ("rate_limit", 123),
        ("backlog_limit", 4321),
        ("backlog_limit", 0),
        ("backlog_wait_time", 1),
        ("backlog_wait_time", 0),
    ],
)
def test_each_setting_is_set_alone_and_set_back(
    audit_host: AuditClient, field: str, value: int
) -> None:
    before = audit_host.status().settings()
    audit_host.set_status(field, value)
    assert audit_host.status().settings() == {**before, field: value}
    audit_host.set_status(field, before[field])
    assert audit_host.status().settings() == before


def test_features_are_read(audit_host: AuditClient) -> None:
    features = audit_host.features()
    assert features is not None
    assert set(features.names()) == {"only_unset_loginuid", "loginuid_immutable"}


def test_rules_of_every_kind_round_trip(audit_host: AuditClient, host_rules: list[bytes]) -> None:
    before = audit_host.list_rules()
    for payload in host_rules:
        audit_host.add_rule(payload)
    assert [payload for payload in audit_host.list_rules() if payload not in before] == host_rules
    for payload in host_rules:
        audit_host.delete_rule(payload)
    assert audit_host.list_rules() == before


def test_a_rule_is_refused_a_second_time_and_accepted_at_the_head(
    audit_host: AuditClient, host_rules: list[bytes]
) -> None:
    rule = host_rules[2]
    audit_host.add_rule(rule)
    with pytest.raises(KernelAnswerError, match="holds the same rule already"):
        audit_host.add_rule(rule)
    audit_host.add_rule(with_prepend(rule, True))
    assert audit_host.list_rules().count(rule) == 2
    audit_host.delete_rule(with_prepend(rule, True))
    audit_host.delete_rule(rule)
    with pytest.raises(KernelAnswerError, match="holds no such rule"):
        audit_host.delete_rule(rule)


def test_refusals_are_in_words(audit_host: AuditClient, host_rules: list[bytes]) -> None:
    with pytest.raises(KernelAnswerError, match="unknown to this kernel"):
        audit_host.add_rule(host_rules[2][:1039])
    gone = host_rules[5].replace(b"/tool", b"/none/tool")
    gone = gone[:524] + (len(gone) - 1040).to_bytes(4, sys.byteorder) + gone[528:]
    with pytest.raises(KernelAnswerError, match="path in the rule does not exist"):
        audit_host.add_rule(gone)
    with pytest.raises(KernelAnswerError, match="out of the kernel's range"):
        audit_host.set_status("backlog_wait_time", 10**9)


def test_a_user_message_arrives_at_the_registered_socket(
    audit_host: AuditClient, enabled: None
) -> None:
    with (
        netlink.open_audit_socket() as data,
        AuditClient(data.dup) as daemon,
    ):
        daemon.register()
        try:
            assert audit_host.status().pid == os.getpid()
            assert is_live_daemon(os.getpid())
            audit_host.send_user_message("auditbench: here is the marker 42")
            data.settimeout(10)
            while b"here is the marker 42" not in data.recv(65536):
                pass
        finally:
            daemon.unregister()
    assert audit_host.status().pid == 0


def test_a_second_registration_is_refused(audit_host: AuditClient) -> None:
    audit_host.register()
    with AuditClient() as other, pytest.raises(KernelAnswerError, match="registered already"):
        other.register()
    audit_host.unregister()
    audit_host.unregister()  # nobody's seat may be given up by anybody


def die_registered() -> None:
    """Have a process register and die without unregistering."""
    code = (
        "import os\nfrom harness.kernel.client import AuditClient\n"
        "AuditClient().register()\nos.kill(os.getpid(), 9)"
    )
    child = subprocess.run([sys.executable, "-c", code], check=False)
    assert child.returncode == -9


def test_while_disabled_a_dead_daemon_is_forgotten(audit_host: AuditClient) -> None:
    if audit_host.status().enabled:
        pytest.skip("audit is enabled on this host")
    die_registered()
    assert audit_host.status().pid != 0
    assert clear_stale_daemon(audit_host)
    assert audit_host.status().pid == 0
    assert not clear_stale_daemon(audit_host)


def test_while_enabled_a_dead_daemon_is_forgotten(audit_host: AuditClient, enabled: None) -> None:
    die_registered()
    clear_stale_daemon(audit_host)  # or the kernel has noticed by itself
    assert audit_host.status().pid == 0


def test_a_live_daemon_is_not_cleared(audit_host: AuditClient) -> None:
    code = (
        "import sys\nfrom harness.kernel.client import AuditClient\n"
        "client = AuditClient()\nclient.register()\nprint(flush=True)\nsys.stdin.read()\n"
        "client.unregister()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert audit_host.status().pid == child.pid
        assert is_live_daemon(child.pid)
        assert not clear_stale_daemon(audit_host)
        assert audit_host.status().pid == child.pid
        with pytest.raises(KernelAnswerError, match="only the registered audit daemon"):
            audit_host.unregister()
    assert audit_host.status().pid == 0


@pytest.mark.parametrize(
    ("wrapper", "words"),
    [
        (("unshare", "--user", "--map-root-user"), "user namespace"),
        (("unshare", "--pid", "--fork"), "initial pid namespace"),
        (AS_NOBODY, "needs root"),
        (("setpriv", "--bounding-set=-audit_control"), "CAP_AUDIT_CONTROL is missing"),
    ],
)
def test_where_audit_may_not_be_asked_one_line_says_so(
    audit_host: AuditClient, wrapper: tuple[str, ...], words: str
) -> None:
    if "--user" in wrapper:
        require_user_namespace()
    done = subprocess.run(
        [program(wrapper[0]), *wrapper[1:], sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare:" in done.stderr or "setpriv:" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode != 0
    assert words in done.stderr.splitlines()[-1]


def test_a_hundred_rules_are_listed_in_order_to_ten_at_once(
    audit_host: AuditClient, host_rules: list[bytes]
) -> None:
    if audit_host.list_rules():
        pytest.skip("the host has rules of its own")
    rules = [host_rules[2].replace(b"first", b"key%02d" % number) for number in range(100)]
    for payload in rules:
        audit_host.add_rule(payload)
    clients = [AuditClient() for _ in range(10)]
    try:
        assert all(client.list_rules() == rules for client in clients)
    finally:
        for client in clients:
            client.close()
        for payload in rules:
            audit_host.delete_rule(payload)


def test_the_socket_talks_to_the_kernel_alone(audit_host: AuditClient) -> None:
    with netlink.open_audit_socket() as sock:
        assert sock.getpeername() == (0, 0)
        port = sock.getsockname()[0]
        with (
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as stranger,
            pytest.raises(ConnectionRefusedError),
        ):
            stranger.sendto(b"x" * 16, (port, 0))
