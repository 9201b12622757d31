"""`--dry-run` of what is counted: kernels, cells, rules and duration, and nothing is touched."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.cli import run_command
from harness.guest.kernels import images, packages
from harness.run import count_preview, counting
from tests.unit.guest.test_guest_images import RELEASE, bz_image
from tests.unit.guest.test_guest_machines import arm_image

RULE = "-a always,exit -F arch=b64 -S mount -F key=k"
VERBS = [
    ("count", "--rules", "a.rules"),
    ("run", "--count", "--rules", "a.rules"),
    ("ab", "--count", "a.rules", "b.rules"),
    ("gate", "--count", "--rules", "a.rules", "--fail", "a/instructions:1%"),
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of rule files and images, on a machine where nothing may be started or fetched."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(packages, "python_version", lambda: "3.11")
    monkeypatch.setattr(count_preview, "find_emulator", lambda machine: machine.emulator)
    for name in ("a", "b"):
        (folder / f"{name}.rules").write_text(f"{RULE}\n")
    (folder / "bzImage").write_bytes(bz_image())
    (folder / "Image").write_bytes(arm_image())

    def refuse(*_: object, **__: object) -> Any:
        pytest.fail("a dry run starts, fetches and asks nothing")

    for where, name in (
        (images, "open_archive"),
        (images, "kept_kernels"),
        (counting, "run_count"),
    ):
        monkeypatch.setattr(where, name, refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(socket, "socketpair", refuse)
    return folder


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert run_command(list(words)) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_that_counts_says_what_it_would_count(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    before = sorted(place.rglob("*"))
    text = said(capsys, *words, "--workload", "syscalls", "--dry-run")
    assert text.startswith("overhead, counted: ")
    flat = " ".join(text.split())
    for part in (
        "about",
        "the kernel that linux-image-cloud-amd64 of this distribution installs",
        RULE,
        "nothing was fetched, started or counted",
        "results/",
    ):
        assert part in flat, part
    assert max(map(len, text.splitlines())) <= 80
    assert sorted(place.rglob("*")) == before
    assert not (tmp_path / "cache").exists()


def test_the_document_has_cells_kernels_and_duration(capsys: pytest.CaptureFixture[str]) -> None:
    kernels = ("--kernel", "6.12", "trixie-backports/6.18", "./bzImage")
    words = ("count", "--rules", "a.rules", "--workload", "syscalls", "udp", *kernels)
    found = json.loads(said(capsys, *words, "--dry-run", "--json"))
    assert found["schema"] == "auditbench.count-preview/1"
    assert found["kernels"] == [
        "the newest linux-image-6.12…-cloud-amd64 that this distribution serves",
        "the newest linux-image-6.18…-cloud-amd64 that Debian trixie-backports serves",
        f"Linux {RELEASE} (./bzImage)",
    ]
    assert found["trials"] == 3 * found["boots"] * len(found["cells"])
    rules = {cell["scenario"]: cell["rules"] for cell in found["cells"]}
    assert rules["a"] == [RULE]
    assert rules["no-rules"] == []
    short = json.loads(said(capsys, "count", "--dry-run", "--json", "--workload", "syscalls"))
    assert 5 < short["seconds"] < found["seconds"]


def test_ab_would_count_both_files_and_the_reference_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("ab", "--count", "a.rules", "b.rules", "--workload", "syscalls", "--dry-run", "--json")
    found = json.loads(said(capsys, *words))
    assert [cell["scenario"] for cell in found["cells"]] == ["no-audit", "a", "b"]


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ("./Image", "Linux 6.12.117+deb12-cloud-arm64 (./Image)"),
        ("arm64/6.12", "the newest linux-image-6.12…-cloud-arm64 that Debian bookworm serves"),
    ],
)
def test_a_guest_of_another_machine_gets_its_rules(
    capsys: pytest.CaptureFixture[str], place: Path, kernel: str, words: str
) -> None:
    found = json.loads(said(capsys, "count", "--kernel", kernel, "--dry-run", "--json"))
    assert (found["machine"], found["kernels"]) == ("aarch64", [words])
    (place / "a.rules").write_text("-a always,exit -F arch=b64 -S open -k k\n")
    said(capsys, "count", "--rules", "a.rules", "--kernel", "6.12", "--dry-run")
    assert run_command(["count", "--rules", "a.rules", "--kernel", kernel, "--dry-run"]) == 2
    assert "-S open names no syscall of aarch64" in capsys.readouterr().err


@pytest.mark.parametrize("words", VERBS)
def test_what_the_run_would_refuse_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (place / "a.rules").write_text("-a always,exit -S no-such\n")
    assert run_command([*words, "--dry-run"]) == 2
    assert "a.rules:1: -S no-such names no syscall" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kernel", "arm64/6.12"), "daemons are counted in guests of x86_64 only"),
        (("--consumer-package", "none.deb"), "none.deb cannot be read"),
        (("--consumer-package", "Not/One"), "'Not/One' is no package"),
    ],
)
@pytest.mark.parametrize("verb", [VERBS[0], VERBS[1], VERBS[3]])
def test_a_daemon_that_could_not_be_counted_is_refused(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    limit = ("--fail", "a+auditd/instructions:1%") if verb[0] == "gate" else ()
    given = (*verb[: len(verb) - len(limit)], *limit, "--consumer", "auditd", *words)
    assert run_command([*given, "--workload", "connect", "--dry-run"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
