"""`rules lint --kernel`: what that kernel refuses, with a stand-in for guest and audit."""

from __future__ import annotations

import errno
import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli import run_command
from harness.errors import KernelAnswerError
from harness.guest.inside import loading as inside
from harness.guest.inside.jobs import LOAD, carry_out
from harness.guest.kernels.images import KernelImage
from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.source import read_source
from harness.kernel.rules.rule import Rule
from harness.run.rules import loading
from tests.support.command import ROOT
from tests.support.schemas import schema

RELEASE = "5.10.0-x"
RULES = """\
-D
-b 8192
--backlog_wait_time 7
-a always,exit -F arch=b64 -S connect -F saddr_fam=2 -k net
-a always,exit -F arch=b64 -S open -F dir!=/etc -k x
-a always,io_uring -S openat -k ring
-a always,exit -F arch=b64 -S execve -k run
-e 2
"""
SARIF = json.loads((ROOT / "tests/golden/sarif/sarif-schema-2.1.0.json").read_text())


class Audit:
    """Stands in for the guest's kernel: it takes `dir!=`, and neither settings nor io_uring."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def __enter__(self) -> Audit:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def list_rules(self) -> list[bytes]:
        return list(self.held)

    def delete_rule(self, payload: bytes) -> None:
        self.held.remove(payload)

    def set_statuses(self, settings: list[tuple[str, int]]) -> None:
        if dict(settings).get("backlog_wait_time"):
            raise KernelAnswerError("no", errno=errno.EINVAL)

    def add_rule(self, payload: bytes) -> None:
        rule = Rule.from_bytes(payload)
        if payload in self.held:
            raise KernelAnswerError("no", errno=errno.EEXIST)
        if rule.filter_list == 7:
            raise KernelAnswerError("no", errno=errno.EINVAL)
        if any(field.field == Field.SADDR_FAM for field in rule.fields):
            raise KernelAnswerError("no", errno=errno.EOPNOTSUPP)
        self.held.append(payload)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rule files, and a guest that carries out its order in this process."""
    orders: list[dict[str, Any]] = []

    def root(files: Any) -> bytes:
        orders.append({"job": LOAD, "files": [[loading._line_document(line) for line in lines]
                                              for lines in files]})  # fmt: skip
        return b""

    def boots(*_: object) -> Iterator[tuple[int, dict[str, Any]]]:
        said = [{"event": "hello", "release": RELEASE, "version": "#1"}]
        carry_out(orders[-1], lambda event, **more: said.append({"event": event, **more}))
        yield from ((0, each) for each in said)

    monkeypatch.setattr(inside, "AuditClient", Audit)
    monkeypatch.setattr(loading, "find_emulator", lambda: "an emulator")
    monkeypatch.setattr(loading, "find_kernel", lambda _: KernelImage("a file", RELEASE, b""))
    monkeypatch.setattr(loading, "_root", root)
    monkeypatch.setattr(loading, "run_boots", boots)
    (tmp_path / "some.rules").write_text(RULES)
    (tmp_path / "many-hosts.rules").write_text("-i\n" + RULES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


LINT = ("rules", "lint", "some.rules", "--elsewhere", "--kernel", "5.10")


def test_what_the_kernel_refuses_is_told_with_its_errno_and_the_remedy(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(list(LINT)) == 1
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0].endswith(f"in 1 file, loaded under Linux {RELEASE}")
    refused = [line for line in lines if line.endswith("[refused]")]
    assert refused == [
        f"some.rules:3: error: Linux {RELEASE} refuses the setting (EINVAL, Invalid argument): "
        "the value is out of the kernel's range [refused]",
        f"some.rules:4: error: Linux {RELEASE} refuses the rule (EOPNOTSUPP, Operation not "
        "supported): this kernel does not support it [refused]",
        f"some.rules:6: error: Linux {RELEASE} refuses the rule (EINVAL, Invalid argument): the "
        f"list io_uring came with Linux 5.16, and this is 5.10 [refused]",
    ]
    assert "    use a newer kernel, or put -i at the top of the file to skip it" in lines
    assert "dir takes only" not in said, "the kernel took it"


def test_after_i_a_refused_line_is_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("rules", "lint", "many-hosts.rules", *LINT[3:])
    assert run_command(list(words)) == 0
    said = capsys.readouterr().out
    assert "many-hosts.rules:5: warning: skipped because of -i: Linux 5.10.0-x refuses" in said
    assert "put -i at the top" not in said


def test_every_form_has_the_refusals_and_the_kernel(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--to", "sarif=l.sarif", "--to", "junit=l.xml", "--json")
    assert run_command([*LINT, *words]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("lint"))
    assert document["kernel"] == RELEASE
    refused = [each for each in document["findings"] if each["code"] == "refused"]
    assert [each["line"] for each in refused] == [3, 4, 6]
    log = json.loads((folder / "l.sarif").read_text())
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    assert run["properties"] == {"kernel": RELEASE}
    told = [each for each in run["results"] if each["ruleId"] == "refused"]
    regions = [each["locations"][0]["physicalLocation"]["region"]["startLine"] for each in told]
    assert regions == [3, 4, 6]
    suite = ET.parse(folder / "l.xml").getroot().find("testsuite")
    assert suite is not None
    assert "refuses the rule (EOPNOTSUPP" in ET.tostring(suite, encoding="unicode")
    kept = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert kept["kernel"] == RELEASE


def test_a_line_is_given_as_it_stands_and_the_lock_is_not(folder: Path) -> None:
    lines = loading._loadable(read_source(folder / "some.rules"))
    documents = [loading._line_document(line) for line in lines]
    assert [each["settings"] for each in documents] == [
        [("backlog_limit", 8192)],
        [("backlog_wait_time", 7)],
        *([],) * 4,
    ]
    rules = [Rule.from_bytes(b64decode(each["rule"])) for each in documents if each["rule"]]
    assert [rule.filter_list for rule in rules] == [4, 4, 7, 4]


def test_a_missing_emulator_and_a_wrong_kernel_are_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "some.rules").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_command(list(LINT)) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "qemu-system-x86_64 is not installed" in said
    assert "apt-get install --no-install-recommends qemu-system-x86" in said
    monkeypatch.setattr(loading, "find_emulator", lambda: "an emulator")
    assert run_command([*LINT[:-1], "./no-such-image"]) == 2
    assert "no-such-image" in capsys.readouterr().err
