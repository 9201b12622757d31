"""Kernel stacks of a tiny run are sampled: audit's own functions are among them.

The rules name a login uid that only this load has. How many samples there are depends on what else
the machine does; that there are some does not.
"""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from harness.reporters.export.folded import folded_stacks
from harness.store import load_run
from tests.support.command import auditbench_json
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

PLAN = """\
summary = "Sampled"
question = "loss"
workloads = ["connect"]
consumers = ["assemble"]
auid = "2147480125"

[blocks]
fast = 1

[ops]
connect = 25000

[[cells]]
name = "audited"
scenario = "rules-scoped"
"""


def test_stacks_of_audit_are_sampled(tmp_path: Path) -> None:
    (tmp_path / "sampled.toml").write_text(PLAN, encoding="utf-8")
    document = auditbench_json(
        "run", "sampled.toml", "--fast", "--profile-cell", "connect/audited", cwd=tmp_path
    )
    jsonschema.validate(document, schema("result"))
    (cell,) = document["profiles"]["cells"]
    # The measured trials are those of the plan: a warm-up and a block.
    assert document["trials"] == 2
    assert cell["trials"] >= 2
    assert cell["ops"] == 25000 * cell["trials"]
    stacks = {each["stack"]: each["samples"] for each in cell["stacks"]}
    functions = {name for stack in stacks for name in stack.split(";")[1:]}
    assert any("audit" in name for name in functions), sorted(functions)
    groups = {stack.split(";")[0] for stack in stacks}
    assert "load" in groups
    # What waits in a queue is moved by kauditd, whenever it gets a CPU.
    assert groups & {"kauditd", "consumer"}
    (folder,) = tmp_path.glob("results/*/*")
    assert "load;" in folded_stacks("run", load_run(folder).profiles)
