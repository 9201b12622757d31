"""`auditbench rules cost --listen`: the bill with what the kernel records meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from tests.kernel.test_top_kernel import KEY, TRUE, listeners, true_is_audited
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs

pytestmark = [pytest.mark.kernel, needs("qemu-system-x86_64")]

SCHEMA = json.loads((ROOT / "docs/schema/cost.schema.json").read_text(encoding="utf-8"))


def test_events_of_the_next_seconds_are_on_the_bill(empty: AuditClient, tmp_path: Path) -> None:
    rules = tmp_path / "mine.rules"
    rules.write_text(
        f"-a always,exit -F arch=b64 -S execve -F exe={TRUE} -k {KEY}\n"
        "-a always,exit -F arch=b64 -S sethostname -k never\n"
    )
    words = ("rules", "cost", str(rules), "--listen", "4s", "--json")
    with true_is_audited(empty):
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "harness", *words], stdout=subprocess.PIPE
        ) as process:
            while not listeners() and process.poll() is None:
                threading.Event().wait(0.05)
            for _ in range(20):
                subprocess.run([TRUE], check=True)
            output, _ = process.communicate(timeout=PATIENCE_S)
        assert listeners() == 0
    assert process.returncode == 0
    document = json.loads(output)
    jsonschema.validate(document, SCHEMA)
    assert document["days"] >= 0.99 * 4 / 86_400
    logged = {row["key"]: row["log"] for row in document["rows"]}
    assert logged["never"] is None or logged["never"]["events"] == 0
    assert logged[KEY]["events"] == 20
    assert logged[KEY]["events_per_day"] == pytest.approx(20 / document["days"])
