"""`auditbench rules lint` as a user calls it: forms, exit codes, hostile names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli import run_command
from tests.golden.rules.auditctl_shim import ShimmedAuditctl, packaged_files
from tests.support.command import ROOT
from tests.support.privilege import AS_NOBODY, unprivileged
from tests.support.schemas import schema

BAD = "-D\n-b 8192\n-a always,exit -F arch=b64 -S opne -k x\n"
WARN = "-D\n-b 64\n-w /etc/passwd -p wa -k x\n"
GOOD = "-D\n-b 8192\n-w /etc/passwd -p wa -k x\n"
SARIF = json.loads((ROOT / "tests/golden/sarif/sarif-schema-2.1.0.json").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("bad", BAD), ("warn", WARN), ("good", GOOD)):
        (tmp_path / f"{name}.rules").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "first"),
    [
        (("good.rules",), 0, "No findings in 1 file"),
        (("warn.rules",), 0, "1 warning in 1 file"),
        (("warn.rules", "--fail-on", "warning"), 1, "1 warning in 1 file"),
        (("bad.rules",), 1, "1 error in 1 file"),
        (("bad.rules", "warn.rules", "good.rules"), 1, "1 error, 1 warning in 3 files"),
        (("good.rules", "--fail-on", "note"), 0, "No findings in 1 file"),
    ],
)
def test_the_first_line_is_the_answer(
    words: tuple[str, ...], code: int, first: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["rules", "lint", *words]) == code
    assert capsys.readouterr().out.splitlines()[0] == first


def test_findings_are_printed_as_compilers_print_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command(["rules", "lint", "bad.rules"])
    _, line, remedy = capsys.readouterr().out.splitlines()
    assert line == "bad.rules:3: error: -S opne names no syscall of x86_64 [unknown-syscall]"
    assert remedy.startswith("    see `ausyscall")


def test_a_line_is_not_broken_however_long(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "long.rules").write_text(f"-a always,exit -F arch=b64 -S {'x' * 500} -k x\n")
    run_command(["rules", "lint", "long.rules"])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_document_fits_its_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["rules", "lint", "bad.rules", "warn.rules", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("lint"))
    assert document["counts"] == {"error": 1, "warning": 1, "note": 0}
    assert document["failed"] is True
    assert [(f["file"], f["line"], f["code"]) for f in document["findings"]] == [
        ("bad.rules", 3, "unknown-syscall"),
        ("warn.rules", 2, "backlog-small"),
    ]


def sarif(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    run_command(["rules", "lint", *words, "--to", "sarif"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.Draft4Validator(SARIF).validate(document)
    return document


def test_sarif_fits_the_schema_of_the_standard(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "two words%.rules").write_text(f"{WARN}-w /etc/passwd -p wa -k x\n")
    document = sarif(capsys, "bad.rules", "two words%.rules", str(folder / "good.rules"))
    (run,) = document["runs"]
    levels = [(each["ruleId"], each["level"]) for each in run["results"]]
    assert levels == [
        ("unknown-syscall", "error"),
        ("backlog-small", "warning"),
        ("duplicate", "error"),
    ]
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
    duplicate = run["results"][-1]
    physical = duplicate["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "two%20words%25.rules"
    assert physical["region"] == {"startLine": 4}
    assert duplicate["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    uris = [each["location"]["uri"] for each in run["artifacts"]]
    assert uris[-1] == f"file://{folder}/good.rules"


def test_sarif_that_is_wrong_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The validation above can fail."""
    document = sarif(capsys, "bad.rules")
    document["runs"][0]["results"][0]["level"] = "grave"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SARIF).validate(document)


def test_junit_fails_what_is_as_grave_as_asked(folder: Path) -> None:
    words = ["rules", "lint", "bad.rules", "warn.rules", "good.rules"]
    for bar, failures in (("error", "1"), ("warning", "2")):
        run_command([*words, "--fail-on", bar, "--to", "junit=lint.xml", "--to", "json=lint.json"])
        root = ET.parse(folder / "lint.xml").getroot()
        assert (root.get("tests"), root.get("failures")) == ("3", failures)
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert names == [
        ("bad.rules", "3: unknown-syscall"),
        ("warn.rules", "2: backlog-small"),
        ("good.rules", "no findings"),
    ]
    jsonschema.validate(json.loads((folder / "lint.json").read_text()), schema("lint"))


@pytest.mark.parametrize("words", [(), ("none.rules",), ("empty",), ("bad.rules", "none.rules")])
def test_what_cannot_be_read_is_a_mistake_of_usage(
    words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert run_command(["rules", "lint", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_nothing_that_steers_a_terminal_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "a\x1b[31m\u202e.rules"
    file.write_bytes(
        b"-w /\x1b]0;x\x07 -p q\n-a always,exit -S \xe2\x80\xaex -k \x1b[2J\n\xff\xfe\n"
    )
    for form in ([], ["--json"], ["--to", "sarif"], ["--to", "junit"]):
        assert run_command(["rules", "lint", file.name, *form]) == 1
        out = capsys.readouterr().out
        assert out.replace("\n", "").isprintable(), form


def test_it_needs_no_root_and_no_audit(folder: Path) -> None:
    """As nobody, without a capability that audit or processes of others would take."""
    folder.chmod(0o755)
    command = [sys.executable, "-P", "-m", "harness", "rules", "lint", "bad.rules", "warn.rules"]
    done = subprocess.run(
        [*unprivileged(AS_NOBODY), *command],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("1 error, 1 warning in 2 files\n")


def test_a_file_that_auditctl_loads_has_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Held against this machine's auditctl, on a made-up kernel, with auditd's own examples."""
    auditctl = ShimmedAuditctl(tmp_path)
    refused = 0
    for file in packaged_files():
        theirs = auditctl.run(["-R", str(file)])
        run_command(["rules", "lint", str(file), "--elsewhere", "--json"])
        document = json.loads(capsys.readouterr().out)
        errors = [each for each in document["findings"] if each["severity"] == "error"]
        unknown = {"unknown-account"}
        if theirs.exit_code == 0:
            assert errors == [], file
        else:
            run_command(["rules", "lint", str(file), "--json"])
            here = json.loads(capsys.readouterr().out)["findings"]
            assert errors or unknown & {each["code"] for each in here}, file
            refused += 1
    assert refused < len(packaged_files())


CASES = {
    "-i 1\n-a always,exit -F arch=b64 -S nosuchcall -k bad\n": {"line-refused", "unknown-syscall"},
    "-a always,exit -F arch=b64 -S open -F dir!=/etc -k x\n": {"refused"},
    "-a always,exit -F dir=/etc/passwd -F perm=wa -k x\n": {"dir-is-a-file"},
    '-a always,exit -F arch=b64 -S execve -F "auid>=1000" -k x\n': {"quotes"},
    "\ufeff-w /etc/hosts -p wa -k x\n": {"byte-order-mark"},
    "-a always,exit -F arch=b32 -S accept,bind,connect -k net\n": {"unknown-syscall"},
    "-i\n-w /no/such/dir/file -p wa -k x\n": {"path-missing"},
    "-a always,io_uring -S bind -k k\n": set(),
}


@pytest.mark.parametrize(("text", "codes"), CASES.items(), ids=[str(n) for n in range(len(CASES))])
def test_small_files_that_go_wrong(
    text: str, codes: set[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "case.rules").write_text(text)
    run_command(["rules", "lint", "case.rules", "--json"])
    found = {each["code"] for each in json.loads(capsys.readouterr().out)["findings"]}
    assert codes <= found
    assert codes or not found


def test_a_watch_on_a_link_names_its_target(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link").symlink_to("good.rules")
    (folder / "case.rules").write_text(f"-w {folder}/link -p x -k power\n")
    run_command(["rules", "lint", "case.rules"])
    out = capsys.readouterr().out
    assert f"path={folder}/link is a symbolic link to {folder}/good.rules" in out
    assert f"    write path={folder}/good.rules" in out
