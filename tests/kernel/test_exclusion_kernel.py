"""An exclusion on the live kernel: of the program that was named, and of nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.kernel.rules.file import parse_rules_text
from harness.processes.line_process import LineProcess, module_command
from harness.processes.program_copy import interpreter_copy
from tests.support.command import auditbench_json
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

PROGRAM = "/opt/none/sbin/mysqld"
"""Neither it nor its folder exists here."""
OPS = 200
AUID = 2147480991
"""A login uid that only these loads have."""


def cells(document: dict, of: str, workload: str) -> dict[str, dict]:
    return {each["scenario"]: each for each in document[of] if each["workload"] == workload}


def samples(folder: Path) -> list[dict]:
    (path,) = folder.glob("results/*/*/samples.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_program_that_is_not_here_is_excluded_and_the_gain_measured(tmp_path: Path) -> None:
    (tmp_path / "mine.rules").write_text(
        "-a always,exit -F arch=b64 -S connect,execve\n"
        f"-a always,exit -F arch=b64 -S sendto -F exe!={PROGRAM}\n"
        f"-a always,exit -F arch=b64 -S close -F exe={PROGRAM}\n",
        encoding="utf-8",
    )
    document = auditbench_json(
        "run", "--rules", "mine.rules", "--exclude-exe", PROGRAM, "--workload", "udp", "shells",
        "--blocks", 1, "--ops", OPS, cwd=tmp_path,
    )  # fmt: skip
    jsonschema.validate(document, schema("result"))
    assert document["invalid_trials"] == 0
    udp = cells(document, "ledgers", "udp")
    # By exe!= the datagrams are not recorded; by exe= the socket's end is.
    assert udp["mine"]["generated"] == udp["mine"]["complete"] == 2 * OPS
    assert udp["mine"]["suppressed"] == 0
    assert udp["mine+exclude-exe"]["suppressed"] == 2 * OPS
    assert udp["mine+exclude-exe"]["complete"] == 0
    assert udp["mine+exclude-call"]["suppressed"] == udp["mine+exclude-call"]["complete"] == OPS
    gained = cells(document, "exclusions", "udp")
    assert gained["mine+exclude-exe"]["without"] == "mine"
    assert gained["mine+exclude-exe"]["kept_back"] == 1
    assert gained["mine+exclude-call"]["kept_back"] == 0.5
    assert gained["mine+exclude-exe"]["gain"]["metric"] == "elapsed_ns_per_op"
    shells = cells(document, "ledgers", "shells")
    for name in ("mine", "mine+exclude-exe", "mine+exclude-call"):
        assert shells[name]["complete"] == OPS
        assert udp[name]["unexplained"] == 0
    assert cells(document, "exclusions", "shells")["mine+exclude-exe"]["kept_back"] == 0
    assert "mine+exclude-exe kept nothing back" in document["answer"]
    assert "exe is the program started" in document["answer"]
    assert f"exe={PROGRAM} in the rules of all cells was replaced by it" in document["answer"]


def test_every_cell_runs_from_the_copy_which_is_gone_afterwards(tmp_path: Path) -> None:
    document = auditbench_json(
        "run", "--scenario", "no-rules", "rules", "rules+exclude-exe", "--exclude-exe", PROGRAM,
        "--workload", "udp", "--blocks", 1, "--ops", OPS, cwd=tmp_path,
    )  # fmt: skip
    program = document["plan"]["excluded_program"]
    assert (program["path"], program["workloads"]) == (PROGRAM, ["udp"])
    copy = Path(program["copy"])
    assert copy.name == "mysqld"
    assert {sample["workload_document"]["exe"] for sample in samples(tmp_path)} == {str(copy)}
    measured = {sample["scenario"].partition("+backlog-")[0] for sample in samples(tmp_path)}
    assert len(measured) == 5
    assert not copy.parent.parent.exists()
    excluded = cells(document, "ledgers", "udp")["rules+exclude-exe"]
    assert (excluded["suppressed"], excluded["complete"]) == (OPS, 0)
    assert {rule for group in document["plan"]["scenarios"]["udp"] for rule in group["rules"]} >= {
        f"-a never,exit -S all -F exe={PROGRAM}"
    }


@contextmanager
def recorded(client: AuditClient, rules: str) -> Iterator[LineProcess]:
    """The registered consumer with these rules in force; what was before is there again after."""
    before = client.status().settings()
    words = ["--control", "--mode", "unicast", "--depth", "assemble", "--marker", "all-done"]
    with ExitStack() as stack:
        consumer = stack.enter_context(LineProcess("consumer", module_command("consumer", *words)))
        consumer.expect("ready", timeout_s=20)
        for rule in parse_rules_text(rules, "test").rules:
            client.add_rule(rule.to_bytes())
            stack.callback(client.delete_rule, rule.to_bytes())
        client.set_status("backlog_limit", 16384)
        stack.callback(client.set_status, "backlog_limit", before["backlog_limit"])
        client.set_status("enabled", 1)
        stack.callback(client.set_status, "enabled", before["enabled"])
        yield consumer


def test_what_else_the_interpreter_runs_is_still_audited(
    audit_host: AuditClient, tmp_path: Path
) -> None:
    command = module_command(
        "workloads", "udp", "--control", "--ops", str(OPS), "--auid", str(AUID)
    )
    with interpreter_copy("mysqld", tmp_path) as copy:
        rules = (
            f"-a never,exit -S all -F exe={copy}\n"
            f"-a always,exit -F arch=b64 -S connect -F auid={AUID}\n"
        )
        done = {}
        with recorded(audit_host, rules) as consumer:
            for executable in (str(copy), None):
                with LineProcess("workload", command, executable=executable) as load:
                    load.expect("ready", timeout_s=30)
                    load.send("go")
                    done[executable] = load.expect("result", timeout_s=60)
            for number in range(1, 4):
                audit_host.send_user_message(f"all-done:{number}")
                consumer.expect("marker", timeout_s=20)
            consumer.send("stop")
            sessions = consumer.expect("result", timeout_s=20)["sessions"]
    assert done[None]["exe"] == str(Path(sys.executable).resolve())
    assert sessions[str(done[None]["session"])]["by_syscall"].popitem()[1]["complete"] == OPS
    assert str(done[str(copy)]["session"]) not in {
        session for session, group in sessions.items() if group["by_syscall"]
    }
