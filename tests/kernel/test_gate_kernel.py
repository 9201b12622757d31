"""Gate and A/B on the live kernel: short runs, limits that cannot be missed."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from tests.support.command import ROOT, auditbench, auditbench_json

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

LOAD = ("--workload", "udp", "--blocks", 2, "--ops", 300)
CONNECT = "-D\n-a always,exit -F arch=b64 -S connect -k net\n"


def schema(name: str) -> dict:
    document = json.loads((ROOT / f"docs/schema/{name}.schema.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "mine.rules"
    path.write_text(CONNECT, encoding="utf-8")
    return path


def test_a_generous_limit_holds(tmp_path: Path, rules: Path) -> None:
    # Six blocks: the interval of fewer is as wide as their spread makes it.
    document = auditbench_json(
        "gate", "--rules", rules, *LOAD[:2], "--blocks", 6, *LOAD[4:],
        "--fail", "elapsed:100000%", "lost:0", "--to", "junit=j.xml", cwd=tmp_path,
    )  # fmt: skip
    jsonschema.validate(document, schema("gate"))
    assert document["verdict"] == "pass"
    assert [check["scenario"] for check in document["checks"]] == ["mine", "mine"]
    assert len(list(tmp_path.glob("results/*/*"))) == 1
    assert ET.parse(tmp_path / "j.xml").getroot().get("failures") == "0"


def test_an_impossible_limit_is_measured_twice_and_fails(tmp_path: Path, rules: Path) -> None:
    document = auditbench_json(
        "gate", "--rules", rules, *LOAD, "--fail", "elapsed:1ns", "--fail", "lost:0",
        cwd=tmp_path, code=1,
    )  # fmt: skip
    assert document["verdict"] == "fail"
    time, lost = document["checks"]
    assert [reading["outcome"] for reading in time["readings"]] == ["fail", "fail"]
    assert len(lost["readings"]) == 1
    stored = {f"{path.parent.name}/{path.name}" for path in tmp_path.glob("results/*/*")}
    assert {reading["run"] for reading in time["readings"]} == set(document["runs"]) == stored


def test_two_files_of_one_name_against_each_other(tmp_path: Path, rules: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.rules").write_text("-D\n", encoding="utf-8")
    done = auditbench(
        "ab", rules, "other/mine.rules", *LOAD, "--to", "md=m.md", "--to", "json=o.json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr  # so few blocks need not decide
    document = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema("ab"))
    jsonschema.validate(document["result"], schema("result"))
    assert (document["a"]["scenario"], document["b"]["scenario"]) == ("mine", "mine-2")
    # On a busy host a load may wait, and is measured with a larger backlog as well.
    ledgers = [e for e in document["result"]["ledgers"] if "+backlog-" not in e["scenario"]]
    complete = {entry["scenario"]: entry["complete"] for entry in ledgers}
    assert complete == {"no-audit": 0, "no-audit-aa": 0, "mine": 600, "mine-2": 0}
    assert document["doubts"] == []
    assert document["answer"].startswith(
        "B, mine-2: nothing matched (udp); there are no rules in it"
    )
    assert "B is other/mine.rules (scenario mine-2)" in done.stdout
    assert "B against A" in (tmp_path / "m.md").read_text(encoding="utf-8")


def test_one_file_twice_on_a_command(tmp_path: Path, rules: Path) -> None:
    done = auditbench(
        "ab", rules, rules, "--blocks", 2, "--ops", 5, "--json", "--to", "json=o.json", "--",
        "/bin/true", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    document = json.loads(done.stdout)
    assert document == json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))
    assert (document["a"]["scenario"], document["b"]["scenario"]) == ("mine", "mine-2")
    assert {comparison["workload"] for comparison in document["comparisons"]} == {"command"}
    assert document["result"]["plan"]["command"] == ["/bin/true"]
