"""`auditbench gate --count` in a real guest, by a user without root: the recipe of docs/ci.md."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.guest.kernels.images import KernelImage
from tests.support.command import auditbench
from tests.support.guests.nobody import run_as_nobody
from tests.support.schemas import schema

BASE = "-D\n-b 8192\n-a always,exit -F arch=b64 -S mount -k a\n"
FURTHER = 3
"""Rules that HEAD has besides."""
HEAD = BASE + "".join(
    f"-a always,exit -F arch=b64 -S umount2 -k b{number}\n" for number in range(FURTHER)
)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Path:
    """The folder in which nobody gated two rule files, and failed."""
    folder = tmp_path_factory.mktemp("gate")
    folder.chmod(0o777)
    (folder / "base.rules").write_text(BASE)
    (folder / "head.rules").write_text(HEAD)
    words = [
        *("gate", "--count", "--kernel", str(image), "--rules", "base.rules", "head.rules"),
        *("--workload", "syscalls", "--reference", "base", "--fail", "head/instructions:1%"),
        *("--to", "json=gate.json", "--to", "junit=gate.xml"),
    ]
    done = run_as_nobody(folder, *words)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("The gate fails: 1 of 1 check exceeds its limit")
    return folder


def test_a_rule_file_that_costs_more_fails_the_gate(gate: Path, kernel: KernelImage) -> None:
    document = json.loads((gate / "gate.json").read_text())
    jsonschema.validate(document, schema("gate-count"))
    (check,) = document["checks"]
    assert (check["kernel"], check["scenario"], check["against"]) == (
        kernel.release,
        "head",
        "base",
    )
    assert check["outcome"] == "fail"
    assert 2 * FURTHER < check["difference"] < 60 * FURTHER, "each further rule is looked at"
    suite = ET.parse(gate / "gate.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "1"


def test_the_stored_run_is_judged_again_and_compared(gate: Path) -> None:
    words = ("gate", "--run", "latest", "--reference", "base", "--fail")
    assert auditbench(*words, "head/instructions:25%", cwd=gate).returncode == 0
    assert auditbench(*words, "head/instructions:1%", cwd=gate).returncode == 1
    compared = auditbench("compare", "latest:base", ":head", cwd=gate)
    assert compared.stdout.startswith("Worse: syscalls × base → head +")
