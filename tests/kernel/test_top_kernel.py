"""`auditbench top --live` on the running kernel: what it sees, and that it changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.kernel.rule_text import parse_rule
from tests.support.command import ROOT

pytestmark = pytest.mark.kernel

SCHEMA = json.loads((ROOT / "docs/schema/top.schema.json").read_text(encoding="utf-8"))
KEY = "auditbench-top-test"
TRUE = Path("/bin/true").resolve()


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "harness", "top", *words, "--json"], stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("words", [[], ["--unicast"]])
def test_live(words: list[str], audit_host: AuditClient) -> None:
    rule = f"-a always,exit -F arch=b64 -S execve -F exe={TRUE} -k {KEY}"
    parsed = parse_rule(rule.split()).rule
    assert parsed is not None
    before = audit_host.status()
    audit_host.add_rule(parsed.to_bytes())
    try:
        audit_host.set_status("enabled", 1)
        with started("--live", "3s", "--by", "key,exe", *words) as process:
            time.sleep(1.5)
            for _ in range(5):
                subprocess.run([TRUE], check=True)
            output, _ = process.communicate(timeout=30)
    finally:
        audit_host.set_status("enabled", before.enabled)
        audit_host.delete_rule(parsed.to_bytes())
    assert process.returncode == 0
    document = json.loads(output)
    jsonschema.validate(document, SCHEMA)
    keys = {row["value"]: row["events"] for row in document["tables"][0]["rows"]}
    exes = {row["value"]: row["events"] for row in document["tables"][1]["rows"]}
    assert keys[KEY] == 5
    assert exes[str(TRUE)] == 5
