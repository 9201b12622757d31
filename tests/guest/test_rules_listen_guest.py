"""`auditbench rules cost --listen`: the bill with what the kernel records meanwhile.

Only while it listens does it need the host's audit; it counts in a guest.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.guest.conftest import host_audit
from tests.kernel.test_top_kernel import KEY, TRUE, listeners, true_is_audited
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs
from tests.support.waiting import comes_true

pytestmark = needs("qemu-system-x86_64")

SCHEMA = json.loads((ROOT / "docs/schema/cost.schema.json").read_text(encoding="utf-8"))


def test_events_of_the_next_seconds_are_on_the_bill(tmp_path: Path) -> None:
    rules = tmp_path / "mine.rules"
    rules.write_text(
        f"-a always,exit -F arch=b64 -S execve -F exe={TRUE} -k {KEY}\n"
        "-a always,exit -F arch=b64 -S sethostname -k never\n"
    )
    words = ("rules", "cost", str(rules), "--listen", "4s", "--json")
    command = [sys.executable, "-P", "-m", "harness", *words]
    with host_audit() as client, true_is_audited(client):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert comes_true(lambda: listeners() > 0 or process.poll() is not None)
        for _ in range(20):
            subprocess.run([TRUE], check=True)
        assert comes_true(lambda: listeners() == 0)
    with process:
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    document = json.loads(output)
    jsonschema.validate(document, SCHEMA)
    assert document["days"] >= 0.99 * 4 / 86_400
    logged = {row["key"]: row["log"] for row in document["rows"]}
    assert logged["never"] is None or logged["never"]["events"] == 0
    assert logged[KEY]["events"] == 20
    assert logged[KEY]["events_per_day"] == pytest.approx(20 / document["days"])
