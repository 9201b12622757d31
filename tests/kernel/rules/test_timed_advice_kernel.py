"""`auditbench rules advise --timed`: what a proposal saves in times of this kernel."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.store import load_run
from tests.support.command import auditbench
from tests.support.schemas import schema

pytestmark = pytest.mark.kernel

RULE = "-a always,exit -F arch=b64 -S connect -F auid=1000 -k net\n"
EVENT = (
    "type=SYSCALL msg=audit(1.000:{serial}): arch=c000003e syscall=42 success=yes exit=0 a0=3 "
    "items=0 ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 "
    'tty=(none) ses=1 comm="x" exe="/opt/none/noisy" key="net"\n'
)


def test_an_exclusion_saves_the_events_of_the_load_in_its_place(
    empty: AuditClient, tmp_path: Path
) -> None:
    (tmp_path / "my.rules").write_text(RULE)
    (tmp_path / "audit.log").write_text("".join(EVENT.format(serial=at) for at in range(9)))
    words = ("my.rules", "--log", "audit.log", "--timed", "--blocks", 2, "--json")
    done = auditbench("rules", "advise", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("advise"))
    (proposal,) = document["proposals"]
    assert (proposal["kind"], proposal["timed"]["load"]) == ("exclusion", "connect")
    assert proposal["timed"]["call"] is not None
    assert proposal["timed"]["event_cpu"]["ns"] > 0
    samples = load_run(tmp_path / document["timed"]["folder"]).samples
    events = {
        name: {s.ledger.complete for s in samples if s.valid and s.scenario == name}
        for name in ("recorded", "recorded-with-1")
    }
    assert events == {"recorded": {10_000}, "recorded-with-1": {0}}
    assert empty.status().enabled == 0
