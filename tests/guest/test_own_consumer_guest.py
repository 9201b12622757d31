"""Builds of a consumer of one's own in a real guest, by a plain user: the recipe of docs/ci.md."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.model.count import EVENTS
from tests.support.guests.nobody import run_as_nobody
from tests.support.programs import compiler

SOURCE = Path(__file__).parents[2] / "benchmarks/consumer_builds/consumer.c"
RULES = "-D\n-b 8192\n-a always,exit -F arch=b64 -S connect -k a\n"
NAMES = ("base", "same", "head", "meddling")
WORK_NS, PLANTED_NS = 20_000, 3_000
"""Of CPU time for each event, which in a guest is an instruction each."""
MEDDLING = """
#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>

int consume(int argc, char **argv);

int main(int argc, char **argv)
{
    struct { struct nlmsghdr head; struct audit_status status; } off = {
        {sizeof off, AUDIT_SET, NLM_F_REQUEST, 0, 0},
        {.mask = AUDIT_STATUS_ENABLED, .enabled = 0},
    };
    send(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), &off, sizeof off, 0);
    return consume(argc, argv);
}
"""
"""Before it listens, it switches audit off, as go-audit deletes all rules."""


def compiled(folder: Path, work_ns: int, first: str = "") -> None:
    """The consumer with so much work for each event, as `mine` in a folder of its own."""
    folder.mkdir(mode=0o777)
    words = ["-O2", f"-DWORK_NS={work_ns}.0", "-o", str(folder / "mine"), str(SOURCE)]
    if first:
        (folder / "first.c").write_text(first)
        subprocess.run([compiler(), "-c", "-o", folder / "first.o", folder / "first.c"], check=True)
        words += ["-Dmain=consume", str(folder / "first.o")]
    subprocess.run([compiler(), *words], check=True)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, image: Path) -> dict[str, Any]:
    """Four builds of which one does more, gated by nobody, as a JSON document."""
    folder = tmp_path_factory.mktemp("own")
    folder.chmod(0o777)
    (folder / "site.rules").write_text(RULES)
    for name, work_ns in (("base", WORK_NS), ("same", WORK_NS), ("head", WORK_NS + PLANTED_NS)):
        compiled(folder / name, work_ns)
    compiled(folder / "meddling", WORK_NS, MEDDLING)
    words = [
        *("gate", "--count", "--kernel", str(image), "--rules", "site.rules"),
        *("--workload", "connect", "--consumer-output", "-", "--consumer"),
        *(f"mine@{name}={name}/mine" for name in NAMES),
        *("--reference", "mine@base", "--fail", "consumer-instructions:5%"),
        *("--to", "json=gate.json", "--label", "own"),
    ]
    done = run_as_nobody(folder, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("The gate fails: 1 of 3 checks exceeds its limit")
    shown = run_as_nobody(folder, "show", "@own", "--json")
    document = json.loads((folder / "gate.json").read_text())
    return {**document, "shown": json.loads(shown.stdout)}


def test_a_build_that_does_more_fails_and_an_equal_one_passes(gate: dict[str, Any]) -> None:
    checks = {check["scenario"]: check for check in gate["checks"]}
    assert {name: check["outcome"] for name, check in checks.items()} == {
        "site+mine@same": "pass",
        "site+mine@head": "fail",
        "site+mine@meddling": "pass",
    }
    assert {check["against"] for check in checks.values()} == {"site+mine@base"}


def test_what_was_planted_is_what_is_counted(gate: dict[str, Any]) -> None:
    (head,) = [check for check in gate["checks"] if check["scenario"] == "site+mine@head"]
    assert head["difference"] == pytest.approx(PLANTED_NS, rel=0.1)


def test_every_event_came_whole_though_one_build_switches_audit_off(gate: dict[str, Any]) -> None:
    rows = [row for row in gate["shown"]["rows"] if row["metric"] == EVENTS]
    whole = {row["scenario"]: row["estimate"] for row in rows if row["estimate"]}
    assert whole == {f"site+mine@{name}": 1 for name in NAMES}
