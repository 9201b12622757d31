"""`auditbench top --listen` on the running kernel: what it sees, and that it changes nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.kernel.rules.text import parse_rule
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.kernel

SCHEMA = json.loads((ROOT / "docs/schema/top.schema.json").read_text(encoding="utf-8"))
KEY = "auditbench-top-test"
TRUE = Path("/bin/true").resolve()


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "harness", "top", *words, "--json"], stdout=subprocess.PIPE
    )


@contextmanager
def true_is_audited(client: AuditClient) -> Iterator[None]:
    """Every execution of /bin/true is an event with KEY."""
    rule = f"-a always,exit -F arch=b64 -S execve -F exe={TRUE} -k {KEY}"
    parsed = parse_rule(rule.split()).rule
    assert parsed is not None
    before = client.status()
    client.add_rule(parsed.to_bytes())
    try:
        client.set_status("enabled", 1)
        yield
    finally:
        client.set_status("enabled", before.enabled)
        client.delete_rule(parsed.to_bytes())


def listeners() -> int:
    """Sockets of NETLINK_AUDIT that belong to the multicast group."""
    rows = [row.split() for row in Path("/proc/net/netlink").read_text().splitlines()[1:]]
    return sum(row[1] == "9" and row[3] == "00000001" for row in rows)


@contextmanager
def listening(client: AuditClient, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`top --listen`, from when it receives."""
    before = listeners()
    with started("--listen", *words) as process:
        deadline_s = time.monotonic() + PATIENCE_S
        while listeners() == before and not client.status().pid:
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        time.sleep(0.2)
        yield process


@pytest.mark.parametrize("words", [[], ["--unicast"]])
def test_live(words: list[str], audit_host: AuditClient) -> None:
    with (
        true_is_audited(audit_host),
        listening(audit_host, "3s", "--by", "key,exe", *words) as process,
    ):
        for _ in range(5):
            subprocess.run([TRUE], check=True)
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    document = json.loads(output)
    jsonschema.validate(document, SCHEMA)
    keys = {row["value"]: row["events"] for row in document["tables"][0]["rows"]}
    exes = {row["value"]: row["events"] for row in document["tables"][1]["rows"]}
    assert keys[KEY] == 5
    assert exes[str(TRUE)] == 5


@pytest.mark.parametrize("words", [[], ["--unicast"]])
def test_ctrl_c_shows_what_came(words: list[str], audit_host: AuditClient) -> None:
    with (
        true_is_audited(audit_host),
        listening(audit_host, "60s", "--by", "key", *words) as process,
    ):
        for _ in range(3):
            subprocess.run([TRUE], check=True)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5
    document = json.loads(output)
    jsonschema.validate(document, SCHEMA)
    assert {row["value"]: row["events"] for row in document["tables"][0]["rows"]}[KEY] == 3
    assert document["cautions"][0].startswith("stopped by Ctrl-C after ")
    assert audit_host.status().pid == 0
