"""The main job on the live kernel: every event is counted, and the host is given back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import ROOT, assert_one_line, auditbench, auditbench_json
from tests.support.patience import PATIENCE_S
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

SCHEMA = json.loads((ROOT / "docs/schema/result.schema.json").read_text(encoding="utf-8"))


def by_scenario(document: dict, workload: str) -> dict[str, dict]:
    return {e["scenario"]: e for e in document["ledgers"] if e["workload"] == workload}


def require_schemas(run: Path) -> None:
    """What was stored is as the schemas tell it."""
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    jsonschema.validate(environment, schema("environment"))
    lines = (run / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    validator = jsonschema.Draft202012Validator(schema("sample"))
    for line in lines:
        validator.validate(json.loads(line))
    assert any(json.loads(line)["timeline"] for line in lines)


def test_the_plan_overhead_measures_every_cell(tmp_path: Path) -> None:
    document = auditbench_json("run", "--blocks", 2, "--ops", 300, "--seed", 5, cwd=tmp_path)
    jsonschema.validate(document, SCHEMA)
    assert document["complete"]
    assert document["invalid_trials"] == 0
    scenarios = {comparison["scenario"] for comparison in document["comparisons"]}
    assert {
        "no-audit",
        "no-audit-aa",
        "disabled",
        "no-rules",
        "rules",
        "rules+exclude-exe",
        "rules+exclude-call",
    } <= scenarios
    for workload, excluded in (("udp", 0), ("shells", 600)):
        ledgers = by_scenario(document, workload)
        assert ledgers["rules"]["generated"] == ledgers["rules"]["complete"] == 600
        for scenario in ("no-audit", "disabled", "no-rules"):
            assert ledgers[scenario]["generated"] == 0
            assert ledgers[scenario]["complete"] == 0
        for scenario in ("rules+exclude-exe", "rules+exclude-call"):
            # The generator's connects are excluded, but its shells are another program.
            ledger = ledgers[scenario]
            assert (ledger["generated"], ledger["complete"]) == (600, excluded)
            assert ledger["suppressed"] == 600 - excluded
        assert all(ledger["unexplained"] in (0, None) for ledger in ledgers.values())
    shown = auditbench("show", cwd=tmp_path)
    assert shown.returncode == 0
    assert "rules+exclude-call" in shown.stdout
    require_schemas(next(tmp_path.glob("results/*/*")))


def test_every_one_of_many_connects_is_an_event(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--workload", "udp", "--scenario", "rules", "--blocks", 5, "--ops", 20_000,
        cwd=tmp_path, timeout_s=PATIENCE_S,
    )  # fmt: skip
    ledger = by_scenario(document, "udp")["rules"]
    assert ledger["operations"] == ledger["generated"] == ledger["complete"] == 100_000
    assert (ledger["partial"], ledger["lost"], ledger["unexplained"]) == (0, 0, 0)


@pytest.mark.parametrize("consumer", ["store", "multicast-assemble"])
def test_other_consumers_count_the_same(tmp_path: Path, consumer: str) -> None:
    document = auditbench_json(
        "run", "--workload", "udp", "shells", "--scenario", "rules", "--consumer", consumer,
        "--blocks", 1, "--ops", 400, cwd=tmp_path,
    )  # fmt: skip
    for workload in ("udp", "shells"):
        ledger = by_scenario(document, workload)["rules"]
        assert ledger["generated"] == ledger["complete"] == 400


def test_rule_files_and_exclusions_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "mine.rules").write_text(
        "-D\n-b 4096\n--backlog_wait_time 100\n-f 1\n"
        "-a always,exit -F arch=b64 -S connect -k net\n",
        encoding="utf-8",
    )
    (tmp_path / "none.rules").write_text("-D\n", encoding="utf-8")
    document = auditbench_json(
        "run", "--rules", "mine.rules", "none.rules", "--exclude-exe", "/opt/none/mysqld",
        "--workload", "udp", "--blocks", 1, "--ops", 200, cwd=tmp_path,
    )  # fmt: skip
    ledgers = by_scenario(document, "udp")
    assert ledgers["mine"]["generated"] == ledgers["mine"]["complete"] == 200
    for name in ("mine+exclude-exe", "mine+exclude-call"):
        assert (ledgers[name]["suppressed"], ledgers[name]["complete"]) == (200, 0)
    assert ledgers["none"]["complete"] == 0


def test_a_command_is_measured(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--scenario", "rules", "--blocks", 1, "--ops", 20, "--", "/bin/true", cwd=tmp_path
    )
    ledger = by_scenario(document, "command")["rules"]
    assert ledger["operations"] == 20
    assert ledger["complete"] >= 20  # its own execve, and whatever else it does


def test_a_command_that_fails_ends_the_run_unless_told_otherwise(tmp_path: Path) -> None:
    words = ("run", "--scenario", "rules", "--blocks", 1, "--ops", 5)
    failing = ("--", "/bin/sh", "-c", "echo its last words >&2; exit 7")
    done = auditbench(*words, *failing, cwd=tmp_path)
    assert done.returncode == 3
    last = done.stderr.splitlines()[-1]
    assert "failed 5 times in 5 runs (exit status 7), and says: its last words" in last
    (samples,) = tmp_path.glob("results/*/*/samples.jsonl")
    assert len(samples.read_text(encoding="utf-8").splitlines()) == 1
    document = auditbench_json(*words, "--allow-failures", *failing, cwd=tmp_path)
    assert any("(exit status 7)" in caution["what"] for caution in document["warnings"])


def test_rules_of_the_user_are_in_the_cells_of_pressure(tmp_path: Path) -> None:
    (tmp_path / "mine.rules").write_text(
        "-a always,exit -F arch=b64 -S connect -F auid=2147480123 -k mine\n"
        "-a always,exit -F path=/nowhere/at/all -F perm=x\n",
        encoding="utf-8",
    )
    document = auditbench_json(
        "run", "pressure", "--rules", "mine.rules", "--skip-missing", "--scenario", "stop-mcast",
        "--auid", 2147480123, "--blocks", 1, "--ops", 200, cwd=tmp_path,
    )  # fmt: skip
    ledgers = by_scenario(document, "udp")
    assert ledgers.keys() == {"backlog-8192-wait", "stop-mcast"}
    assert ledgers["backlog-8192-wait"]["complete"] == 200
    assert any("--skip-missing" in caution["what"] for caution in document["warnings"])


def test_several_workers_share_a_session(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--workload", "udp", "shells", "--scenario", "rules", "--workers", 2,
        "--blocks", 1, "--ops", 301, cwd=tmp_path,
    )  # fmt: skip
    for workload in ("udp", "shells"):
        ledger = by_scenario(document, workload)["rules"]
        assert ledger["operations"] == ledger["complete"] == 301


def test_without_a_session_the_process_tree_serves(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--workload", "udp", "shells", "--scenario", "rules", "--auid", "unset",
        "--workers", 2, "--blocks", 1, "--ops", 100, cwd=tmp_path,
    )  # fmt: skip
    for workload in ("udp", "shells"):
        ledger = by_scenario(document, workload)["rules"]
        assert ledger["attribution"] == "process-tree"
        assert ledger["complete"] == 100
    assert any("process tree" in warning["what"] for warning in document["warnings"])


def test_the_auid_of_the_load_is_what_was_asked_for(tmp_path: Path) -> None:
    rules = "-a always,exit -F arch=b64 -S connect -F auid>=1000 -F auid!=unset\n"
    (tmp_path / "users.rules").write_text(rules, encoding="utf-8")
    words = ("run", "--rules", "users.rules", "--scenario", "no-rules", "--workload", "udp",
             "--blocks", 1, "--ops", 50)  # fmt: skip
    asked = by_scenario(auditbench_json(*words, "--auid", 1234, cwd=tmp_path), "udp")["users"]
    assert asked["generated"] == asked["complete"] == 50
    root = by_scenario(auditbench_json(*words, "--auid", 0, cwd=tmp_path), "udp")["users"]
    assert root["generated"] == root["complete"] == 0


def test_doctor_and_status(tmp_path: Path) -> None:
    document = auditbench_json("doctor", cwd=tmp_path)
    assert document["fit"]
    status = auditbench_json("status", cwd=tmp_path)
    assert status["status"]["pid"] == 0
    assert status["held_by"] is None
    assert auditbench_json("restore", cwd=tmp_path)["repaired"] == []


def test_record_makes_a_capture_that_replays(tmp_path: Path) -> None:
    recorded = auditbench_json("record", "-o", "some.auditcap.gz", "--ops", 50, cwd=tmp_path)
    assert recorded["records"] >= 50 * (7 + 4)
    assert (tmp_path / "some.auditcap.gz").stat().st_size > 0


def test_a_full_disk_keeps_what_was_measured(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "auditbench-test", str(results)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        done = auditbench(
            "run",
            "--workload",
            "udp",
            "--blocks",
            50,
            "--ops",
            50,
            cwd=tmp_path,
            timeout_s=PATIENCE_S,
        )
        assert_one_line(done, 2, "No space left", "what was recorded before is kept")
        shown = auditbench("show", "--json", cwd=tmp_path)
        assert json.loads(shown.stdout)["trials"] >= 3
    finally:
        subprocess.run(["umount", str(results)], check=True)


def test_the_osquery_stress_counts_what_it_did(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--workload", "osquery-stress", "-n", 3, "--scenario", "rules", "--blocks", 1,
        "--ops", 1, cwd=tmp_path,
    )  # fmt: skip
    ledger = by_scenario(document, "osquery-stress")["rules"]
    assert ledger["operations"] == 3 * 2**3
    assert ledger["generated"] == ledger["complete"] == 2 * ledger["operations"]


def test_a_run_goes_on_until_its_intervals_are_narrow(tmp_path: Path) -> None:
    words = ("run", "--workload", "udp", "--scenario", "no-rules", "--ops", 300, "--seed", 3)
    narrow = auditbench_json(*words, "--blocks", 4, "--until-ci", "90%", cwd=tmp_path)
    assert narrow["complete"]
    assert narrow["plan"]["ending"]["ended_by"] == "width"
    assert narrow["plan"]["ending"]["half_width"] <= 0.9
    assert any("ended by width" in warning["what"] for warning in narrow["warnings"])
    timed = auditbench_json(
        *words, "--blocks", 2, "--until-ci", "0.01%", "--max-time", "2s", cwd=tmp_path
    )
    assert timed["complete"]
    assert timed["plan"]["ending"]["ended_by"] == "time"
    assert timed["trials"] == timed["plan"]["trials"]
    shown = auditbench("show", cwd=tmp_path)
    assert "ended by time" in " ".join(shown.stdout.split())
    sample = json.loads(
        next(tmp_path.glob("results/*/*/samples.jsonl")).read_text().splitlines()[-1]
    )
    noise = {"steal_percent", "load_one_minute", "involuntary_switches", "slowdown_percent"}
    assert noise <= sample["metrics"].keys()
    assert "consumer_involuntary_switches" in sample["metrics"]


def test_a_cell_with_work_of_its_own_is_slower_by_it(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(
        'summary = "s"\nreference = "no-audit"\nscenarios = ["no-audit"]\n'
        'workloads = ["udp"]\n[[cells]]\nname = "slow"\nscenario = "no-audit"\n'
        "options = { busy-ns = 1000000 }\n",
        encoding="utf-8",
    )
    document = auditbench_json("run", "p.toml", "--blocks", 3, "--ops", 20, cwd=tmp_path)
    (slow,) = [
        comparison
        for comparison in document["comparisons"]
        if comparison["scenario"] == "slow" and comparison["metric"] == "elapsed_ns_per_op"
    ]
    assert slow["estimate"] >= 1_000_000
    assert slow["verdict"] == "worse"
