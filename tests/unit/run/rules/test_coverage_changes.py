"""What a rule file no longer records, as `ab` and `gate` say it, with a stand-in for the guest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.analysis.limit import split_limits
from harness.answers.ab import judge_ab
from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.cli import run_command
from harness.errors import UsageError
from harness.guest.boot import GuestFailedError
from harness.guest.kernels.images import KernelImage
from harness.guest.operations.entries import COMPAT, NATIVE, RING
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.tagged import tag_of
from harness.model.ab import AbSide
from harness.model.cover import Coverage
from harness.model.stored.environment import StoredGuest
from harness.run import ab as run_ab_module
from harness.run import counting
from harness.run import gate as run_gate
from harness.run.rules import blind
from harness.run.rules.cover import plan_passes
from harness.run.rules.coverage import make_coverage
from harness.store import load_run
from tests.support.schemas import schema
from tests.support.stored.altered_runs import altered_run, slower
from tests.unit.run.test_counting import Guests

BASE = """\
-a always,exit -F arch=b64 -S unlinkat,chmod -F key=del
-a always,exit -F arch=b32 -S unlinkat -F key=del
-a always,exit -F arch=b64 -S connect -F key=net
"""
HEAD = """\
-a never,exit -F arch=b64 -S connect
-a always,exit -F arch=b64 -S connect,mkdirat -F key=net
-a always,exit -F arch=b64 -S chmod -F key=del
"""
NONE = "-a always,exit -F arch=b64 -S swapon -F key=x\n"
KERNEL = "6.1.0-x"
# Of each file: what the guest says of each operation, by the place of the rule that recorded it.
RECORDED: dict[str, dict[tuple[str, str], int | None]] = {
    "base": {("unlinkat", NATIVE): 0, ("unlinkat", COMPAT): 1, ("chmod", NATIVE): 0,
             ("connect to IPv4", NATIVE): 2, ("mkdirat", NATIVE): None},
    "head": {("unlinkat", NATIVE): None, ("unlinkat", COMPAT): None, ("chmod", NATIVE): 2,
             ("connect to IPv4", NATIVE): None, ("mkdirat", NATIVE): 1},
    "none": {},
}  # fmt: skip


RECORDED["none"] = dict.fromkeys(RECORDED["base"])


class Guest:
    """Stands in for the guest that does the operations."""

    def __init__(self) -> None:
        self.asked = 0
        self.lost = 0
        self.fails = False

    def __call__(self, files: Sequence[Sequence[LoadedRule]], *_: Any) -> Coverage:
        self.asked += 1
        if self.fails:
            raise GuestFailedError("the guest ended before it was done", remedy="run it again")
        passes = plan_passes([[rule.view.rule for rule in rules] for rules in files])
        said: list[dict[str, Any]] = [
            {"event": "hello", "release": KERNEL, "version": "#1"},
            {"event": "entries", "missing": dict.fromkeys((NATIVE, COMPAT, RING), "")},
        ]
        for index, each in enumerate(passes):
            recorded: dict[tuple[str, str], int | None] = {}
            if each.file is not None:
                recorded = dict(RECORDED[Path(files[each.file][0].place.file).stem])
            if each.hidden:
                recorded = {("connect to IPv4", NATIVE): 0}
            said.append({"event": "covered", "index": index, "refused": [], "lost": self.lost,
                         "results": [_result(*way, place) for way, place in recorded.items()],
                         })  # fmt: skip
        return make_coverage(files, passes, said, StoredGuest(kernel=KERNEL))


def _result(name: str, entry: str, place: int | None) -> dict[str, Any]:
    key = None if place is None else tag_of(place)
    return {"name": name, "entry": entry, "error": 0, "note": "", "key": key,
            "recorded": place is not None}  # fmt: skip


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Guest:
    """A folder with rule files; no emulator is needed, and nothing is counted."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("base", BASE), ("head", HEAD), ("none", NONE)):
        (tmp_path / f"{name}.rules").write_text(text)
    stand_in = Guest()
    image = KernelImage("a file", KERNEL, b"")
    monkeypatch.setattr(blind, "cover_under", stand_in)
    monkeypatch.setattr(blind, "emulator_version", lambda: "an emulator")
    monkeypatch.setattr(blind, "find_kernels", lambda _: {KERNEL: image})
    monkeypatch.setattr(counting, "run_count", Guests())
    return stand_in


GATE = ("gate", "--rules", "base.rules", "head.rules", "--reference", "base")


def test_a_gate_names_the_operations_entries_and_rules_that_are_lost(
    guest: Guest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*GATE, "--fail", "head/blind:0", "--to", "json=g.json", "--to", "md=g.md")
    assert run_command([*words, "--to", "junit=g.xml"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(
        "The gate fails: 1 of 1 check exceeds its limit, head loses 3 of 4 operations recorded "
        "by base: connect to IPv4 by 64-bit (base.rules:3, key net); "
        "unlinkat by 64-bit and 32-bit (base.rules:1, key del, base.rules:2, key del)."
    )
    document = json.loads((tmp_path / "g.json").read_text())
    jsonschema.validate(document, schema("gate-count"))
    (check,) = document["blind"]
    assert (check["outcome"], check["recorded"], document["run"]) == ("fail", 4, None)
    lost = {each["operation"]: each for each in check["lost"]}
    assert lost["unlinkat"]["entries"] == [NATIVE, COMPAT]
    assert [rule["line"] for rule in lost["unlinkat"]["rules"]] == [1, 2]
    assert [rule["line"] for rule in lost["connect to IPv4"]["kept_back"]] == [1]
    assert [each["operation"] for each in check["gained"]] == ["mkdirat"]
    markdown = (tmp_path / "g.md").read_text()
    assert "kept back by head.rules:1" in markdown
    assert "recorded by none" in markdown
    assert "1 further operation is recorded by head: mkdirat by 64-bit (head.rules:2" in markdown
    suite = ET.parse(tmp_path / "g.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "unlinkat by 64-bit and 32-bit" in (failure.text or "")
    assert guest.asked == 1


def test_nothing_lost_passes_and_a_file_without_records_decides_nothing(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    same = ("gate", "--rules", "base.rules", "base.rules", "--reference", "base")
    assert run_command([*same, "--fail", "blind:0"]) == 0
    assert "The gate passes" in capsys.readouterr().out
    empty = ("gate", "--rules", "none.rules", "head.rules", "--reference", "none")
    assert run_command([*empty, "--fail", "blind:0"]) == 3
    assert "nothing could be lost" in capsys.readouterr().out
    assert run_command([*empty, "--fail", "blind:0", "--inconclusive", "pass"]) == 0


def test_cost_and_coverage_are_judged_together(
    guest: Guest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (*GATE, "--count", "--fail", "head/instructions:1%", "--fail", "blind:0", "--json")
    assert run_command(list(words)) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("gate-count"))
    assert [check["outcome"] for check in document["checks"]] == ["fail"]
    assert [check["outcome"] for check in document["blind"]] == ["fail"]
    assert "most of all syscalls × head" in document["answer"]
    assert "head loses 3 of 4 operations" in document["answer"]


def test_lost_records_of_the_guest_make_the_gate_untrustworthy(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    guest.lost = 1
    assert run_command([*GATE, "--fail", "blind:0", "--to", "json=g.json"]) == 3
    assert "not trustworthy: the guest lost records" in capsys.readouterr().out
    (check,) = json.loads(Path("g.json").read_text())["blind"]
    assert check["outcome"] == "inconclusive", "what is lost may not have been heard"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fail", "blind:1"), "the only limit on what is no longer recorded is 0"),
        (("--fail", "udp/blind:0", *GATE[1:]), "'udp' is no rule file beside the reference"),
        (("--fail", "haed/blind:0", *GATE[1:]), "did you mean head?"),
        (("--fail", "9.9/blind:0", *GATE[1:]), "there is no kernel '9.9'"),
        (("--fail", "blind:0", *GATE[1:4]), "no --reference is one of them"),
        (("--fail", "blind:0", *GATE[1:4], "--reference", "no-audit"), "--reference no-audit is"),
        (("--fail", "blind:0", "--rules", "base.rules", "--reference", "base"), "there is one"),
        (("--fail", "blind:0", *GATE[1:], "--kernel", "arm64/6.1"), "a kernel of aarch64, under"),
        (("--fail", "blind:0", *GATE[1:], "--dry-run"), "leave --dry-run out"),
        (("--fail", "blind:0", "--dry-run"), "no --reference is one of them"),
        (
            (
                "--fail",
                "blind:0",
                "--rules",
                "base.rules",
                "none",
                "--reference",
                "base",
                "--dry-run",
            ),
            "rule file none cannot be read",
        ),
        (("--fail", "blind:0", "--run", "latest"), "a stored run does not say which operations"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_remedy(
    guest: Guest, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run_command(["gate", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert guest.asked == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*GATE, "--count", "--fail", "haed/instructions:1%", "--fail", "blind:0"), "mean head?"),
        ((*GATE, "--fail", "haed/elapsed:1%", "--fail", "blind:0"), "haed"),
        (("ab", "--count", "base.rules", "head.rules", "--margin", "nonsense=1%"), "nonsense"),
        (("ab", "--count", "base.rules", "head.rules", "--kernel", "arm64/6.1"), "add --no-cover"),
        (("ab", "--count", "base.rules", "head.rules", "--kernel", "arm64/6.1", "--dry-run"),
         "add --no-cover"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_a_kernel_is_fetched(
    guest: Guest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setattr(blind, "find_kernels", lambda _: pytest.fail("a kernel was fetched"))
    assert run_command(list(words)) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert counting.run_count.asked == []  # type: ignore[attr-defined]


def test_a_kernel_that_is_not_there_is_said_before_anything_is_measured(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ("--fail", "head/instructions:1%", "--fail", "9.9/blind:0")
    assert run_command([*GATE, "--count", *limits]) == 2
    assert "there is no kernel '9.9'" in " ".join(capsys.readouterr().err.split())
    assert counting.run_count.asked == []  # type: ignore[attr-defined]


def test_ab_says_cost_and_coverage(guest: Guest, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("ab", "--count", "base.rules", "head.rules")
    assert run_command(list(words)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("syscalls: B costs 1.67 % more than A")
    assert "Of 4 operations recorded by A, B loses 3: connect to IPv4 by 64-bit" in said
    assert "It records 1 more: mkdirat by 64-bit (head.rules:2, key net)" in said
    assert run_command([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("ab-count"))
    (change,) = document["coverage"]
    assert [each["operation"] for each in change["lost"]] == ["connect to IPv4", "unlinkat"]
    assert run_command([*words, "--no-cover"]) == 0
    assert "operations recorded by A" not in capsys.readouterr().out


def test_ab_does_not_take_lost_records_for_lost_coverage(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    guest.lost = 1
    assert run_command(["ab", "--count", "base.rules", "head.rules"]) == 3
    assert "What B no longer records is not known: the guest lost records" in " ".join(
        capsys.readouterr().out.split()
    )


def test_what_was_measured_is_told_where_the_guest_of_coverage_fails(
    guest: Guest, capsys: pytest.CaptureFixture[str]
) -> None:
    guest.fails = True
    assert run_command(["ab", "--count", "base.rules", "head.rules"]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("syscalls: B costs 1.67 % more than A")
    assert "What B no longer records is not known: the guest ended before it was done." in said
    limits = ("--fail", "head/instructions:9%", "--fail", "head/blind:0")
    assert run_command([*GATE, "--count", *limits, "--to", "junit=g.xml"]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("The gate is not trustworthy: the guest ended before it was done.")
    assert "head/instructions:9%" in said
    assert "not known" in said
    assert "none is recorded" not in said
    assert "operations were done" not in said
    assert "no operation is recorded" not in Path("g.xml").read_text()


def test_limits_on_coverage_are_told_from_the_others() -> None:
    limits, others = split_limits(["lost:0", "6.1/head/blind:0", "instructions:1%"])
    assert [limit.scope for limit in limits] == [("6.1", "head")]
    assert others == ("lost:0", "instructions:1%")
    with pytest.raises(UsageError, match="the only limit"):
        split_limits(["head//blind:0"])


def test_a_gate_on_times_judges_coverage_beside_them(
    guest: Guest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = altered_run(tmp_path / "h-1" / "run", slower("no-rules", 1.0, spread=0.1))
    timed = gate_run(folder, GateRules(read_limits(["no-rules/elapsed:500%"])))
    monkeypatch.setattr(run_gate, "gate_plan", lambda *_: timed)
    words = (*GATE, "--fail", "head/elapsed:5%", "--fail", "head/blind:0", "--kernel", "6.1")
    assert run_command([*words, "--json", "--to", "md=g.md", "--to", "junit=g.xml"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("gate"))
    assert [check["outcome"] for check in document["checks"]] == ["pass"]
    assert [check["outcome"] for check in document["blind"]] == ["fail"]
    assert document["answer"].startswith(
        "The gate fails: 1 of 2 checks exceeds its limit; head loses 3 of 4 operations"
    )
    assert "kept back by head.rules:1" in (tmp_path / "g.md").read_text()
    assert "unlinkat by 64-bit and 32-bit" in (tmp_path / "g.xml").read_text()


def test_ab_says_coverage_beside_times_where_it_is_asked(
    guest: Guest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = altered_run(tmp_path / "h-1" / "run", slower("rules", 1.0, spread=0.1))
    sides = (AbSide("A", "base.rules", "no-rules"), AbSide("B", "head.rules", "rules"))
    report = judge_ab(load_run(folder), *sides)
    monkeypatch.setattr(run_ab_module, "run_ab", lambda *_: report)
    words = ("ab", "base.rules", "head.rules")
    run_command([*words, "--cover", "--json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("ab"))
    assert "Of 4 operations recorded by A, B loses 3" in document["answer"]
    assert [each["operation"] for each in document["coverage"][0]["gained"]] == ["mkdirat"]
    run_command([*words, "--json"])
    assert json.loads(capsys.readouterr().out)["coverage"] == []
    assert run_command([*words, "--kernel", "6.1"]) == 2
