"""Rules that match nothing, and the login uid of a run, on the live kernel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import auditbench, auditbench_json

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

UNSET = 4294967295
CONNECT = "-a always,exit -F arch=b64 -S connect"
STIG = "-F auid>=1000 -F auid!=unset"
SMALL = ("--workload", "udp", "--blocks", 2, "--ops", 300, "--scenario", "no-rules")
NOTHING = ("-w /etc/passwd -p wa -k identity", f"{CONNECT} -F euid=33", f"{CONNECT} -F auid=7")


def rules_file(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def auids(folder: Path) -> dict[str, set[int]]:
    """The login uids that the loads had, by scenario; larger backlogs count with their rules.

    Whether rules waited, and so were measured with a larger backlog too, is the host's affair.
    """
    (samples,) = folder.glob("results/*/*/samples.jsonl")
    found: dict[str, set[int]] = {}
    for line in samples.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        scenario = sample["scenario"].partition("+backlog-")[0]
        found.setdefault(scenario, set()).add(sample["workload_document"]["auid"])
    return found


def of_scenario(entries: list[dict[str, Any]], scenario: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["scenario"] == scenario)


def test_a_file_of_which_nothing_matches_has_no_price(tmp_path: Path) -> None:
    path = rules_file(tmp_path, "nothing.rules", *NOTHING)
    document = auditbench_json("run", *SMALL, "--rules", path, "--auid", "keep", cwd=tmp_path)
    assert document["unmatched"] == [
        {"workload": "udp", "scenario": "nothing", "consumer": "assemble"}
    ]
    assert {
        comparison["verdict"]
        for comparison in document["comparisons"]
        if comparison["scenario"] == "nothing" and comparison["metric"] == "elapsed_ns_per_op"
    } == {"nothing-matched"}
    assert document["answer"].startswith("nothing: nothing matched (udp); of its 3 rules ")
    assert of_scenario(document["plan"]["matching"], "nothing")["hindered"] == {
        **{"path": 1, "euid": 1, "auid": 1}
    }
    shown = auditbench("show", cwd=tmp_path)
    assert "nothing matched" in shown.stdout
    assert "rules nothing.rules: 0 of 3 rules can match this load (udp)" in shown.stdout


def test_all_cells_run_under_the_login_uid_that_most_rules_ask_for(tmp_path: Path) -> None:
    stig = rules_file(tmp_path, "stig.rules", f"{CONNECT} {STIG}")
    none = rules_file(tmp_path, "none.rules", *NOTHING[:2])
    document = auditbench_json("run", *SMALL, "--rules", stig, none, cwd=tmp_path)
    cells = ("no-audit", "no-audit-aa", "no-rules", "stig", "none")
    assert auids(tmp_path) == {name: {1000} for name in cells}
    assert document["plan"]["auid"] == "1000"
    assert document["plan"]["login"]["basis"] == "chosen"
    ledger = of_scenario(document["ledgers"], "stig")
    assert ledger["generated"] == ledger["complete"] == 600
    assert [cell["scenario"] for cell in document["unmatched"]] == ["none"]


@pytest.mark.parametrize(("asked", "auid"), [("7", 7), ("unset", UNSET)])
def test_the_user_decides_otherwise(tmp_path: Path, asked: str, auid: int) -> None:
    path = rules_file(tmp_path, "stig.rules", f"{CONNECT} {STIG}")
    document = auditbench_json("run", *SMALL, "--rules", path, "--auid", asked, cwd=tmp_path)
    assert set().union(*auids(tmp_path).values()) == {auid}
    assert [cell["scenario"] for cell in document["unmatched"]] == ["stig"]
    assert "1 needs another auid" in document["answer"]


def test_a_gate_cannot_pass_what_matched_nothing(tmp_path: Path) -> None:
    path = rules_file(tmp_path, "nothing.rules", *NOTHING)
    words = ("--workload", "udp", "--blocks", 2, "--ops", 300, "--rules", path, "--auid", "keep")
    done = auditbench("gate", *words, "--fail", "elapsed:900%", "--fail", "lost:0", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "inconclusive: nothing matched: the rules made no event" in done.stdout
    assert "The gate is inconclusive: 2 of 2 checks are." in done.stdout
    assert "rules nothing.rules: 0 of 3 rules can match this load (udp)" in done.stderr


def test_ab_has_no_price_for_what_matched_nothing(tmp_path: Path) -> None:
    a = rules_file(tmp_path, "a.rules", f"{CONNECT} {STIG}")
    b = rules_file(tmp_path, "b.rules", *NOTHING[:2])
    words = ("--workload", "udp", "--blocks", 2, "--ops", 300)
    done = auditbench("ab", a, b, *words, cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "B, b: nothing matched (udp); of its 2 rules" in done.stdout
    assert "B costs" not in done.stdout
    assert auids(tmp_path)["no-audit"] == {1000}
