"""Advice: what is proposed by a log, what goes blind by it, and the file with it carried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed, parse_source
from harness.kernel.rules.lint.source import read_source
from harness.kernel.rules.syscall_access import perm_calls
from harness.model.rules.advice import Advice, Blind, Saving
from harness.reporters.documents.advise import advice_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.advice import advice_page, advice_sentence
from harness.run.rules.advice.exclusions import ANYTHING
from harness.run.rules.advice.making import make_advice
from harness.run.rules.advice.rewriting import rewritten
from tests.support.schemas import schema

NET = "-a always,exit -F arch=b64 -S connect -k net"
MOUNT = "-a always,exit -F arch=b64 -S mount -k mounts"
UMOUNT = "-a always,exit -F arch=b64 -S umount2 -k mounts"
QUIET = "-a never,exit -F arch=b64 -S umount2 -F uid=7"
FOLDER = "-a always,exit -S all -F dir=/etc -F perm=wa -k etc"
CONNECT, SENDTO, OPENAT, RENAME, READ, UMOUNT2 = 42, 44, 257, 82, 0, 166


def parsed(folder: Path, *lines: str) -> Parsed:
    file = folder / "some.rules"
    file.write_text("".join(f"{line}\n" for line in lines))
    return parse_source(read_source(file), elsewhere=True)


def again(folder: Path, before: Parsed, advice: Advice) -> tuple[tuple[LoadedRule, ...], str]:
    """The rules of the new file, none of which may be refused, and its text."""
    text = rewritten(before, advice.proposals)
    (folder / "new.rules").write_bytes(text)
    after = parse_source(read_source(folder / "new.rules"), elsewhere=True)
    assert not [each for each in after.findings if each.severity == "error"]
    return after.rules, text.decode()


def shape(program: bytes | None, number: int, events: int, **more: Any) -> dict[str, Any]:
    return {"key": b"net", "number": number, "arch": 0xC000003E, "exit": 0, "exe": program,
            "auid": 1000, "uid": 0, "events": events, "records": 3 * events,
            "bytes": 500 * events, "subj": None, "parts": {}, **more}  # fmt: skip


def noisy() -> list[dict[str, Any]]:
    """A program that makes 90 % of the events, 1 % of them by another call."""
    return [
        shape(b"/usr/bin/noisy", CONNECT, 880),
        shape(b"/usr/bin/noisy", CONNECT, 10, auid=4294967295),
        shape(b"/usr/bin/noisy", SENDTO, 10),
        shape(b"/usr/bin/other", CONNECT, 60),
        shape(b"/usr/bin/third", CONNECT, 40),
    ]


def test_a_program_that_fills_the_log_is_excluded_narrowly(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-D", MOUNT, NET)
    advice = make_advice(rules, noisy())
    (proposal,) = advice.proposals
    assert proposal.new == ("-a never,exit -F arch=b64 -S connect -F exe=/usr/bin/noisy",)
    assert proposal.alone == proposal.added == Saving(890, 2670, 445_000)
    at = (f"{tmp_path}/some.rules:3",)
    assert proposal.blind == (
        Blind("net", "/usr/bin/noisy", "1000", 880, at),
        Blind("net", "/usr/bin/noisy", "unset", 10, at),
    )
    assert "89 %" in advice_sentence(advice)
    jsonschema.validate(advice_document(advice), schema("advise"))
    found, text = again(tmp_path, rules, advice)
    assert [rule.text for rule in found] == [*proposal.new, MOUNT, NET]
    assert text.splitlines()[0] == "-D"
    assert "# /usr/bin/noisy makes 890 of 1,000 events by connect" in text.splitlines()


def test_an_exclusion_goes_in_front_of_rules_that_are_prepended(tmp_path: Path) -> None:
    rules = parsed(tmp_path, NET, MOUNT.replace("-a", "-A", 1), UMOUNT)
    found, _ = again(tmp_path, rules, make_advice(rules, noisy()))
    assert found[0].text == "-A never,exit -F arch=b64 -S connect -F exe=/usr/bin/noisy"
    assert [rule.text for rule in found[1:]] == [MOUNT.replace("-a", "-A", 1), NET, UMOUNT]


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"of-other-rules"},
        {"arch": 0x40000003},
        {"exe": None},
        {"exe": b"relative"},
        {"exe": b"/tmp/a b"},
        {"exe": b"/tmp/a\n-D"},
        {"exe": b"/tmp/\xff"},
        {"exe": b"/usr/bin/gone (deleted)"},
        {"number": 99_999},
        {"number": -1},
    ],
)
def test_what_no_narrow_rule_can_exclude_is_left_alone(
    change: dict[str, Any], tmp_path: Path
) -> None:
    shapes = [{**shape(b"/usr/bin/noisy", CONNECT, 900), **change}]
    assert make_advice(parsed(tmp_path, NET), shapes).proposals == ()


@pytest.mark.parametrize(
    ("program", "runs_anything"),
    [(b"/bin/sh", True), (b"/usr/bin/python3.11", True), (b"/usr/bin/bash", True),
     (b"/usr/sbin/sshd", False), (b"/usr/bin/nodetool", False), (b"/usr/bin/perl5.36", True)],
)  # fmt: skip
def test_an_exclusion_of_what_runs_anything_says_so(
    program: bytes, runs_anything: bool, tmp_path: Path
) -> None:
    (proposal,) = make_advice(parsed(tmp_path, NET), [shape(program, CONNECT, 9)]).proposals
    assert proposal.notes == ((ANYTHING,) if runs_anything else ())


def test_a_program_of_less_than_a_tenth_is_no_noise(tmp_path: Path) -> None:
    shapes = [shape(b"/bin/%d" % each, CONNECT, 10) for each in range(11)]
    advice = make_advice(parsed(tmp_path, NET), shapes)
    assert advice.proposals == ()
    assert "Nothing is proposed" in page_markdown(advice_page(advice))


def test_events_without_a_key_are_those_of_rules_without_one(tmp_path: Path) -> None:
    shapes = [shape(b"/usr/bin/noisy", CONNECT, 9, key=None)]
    assert not make_advice(parsed(tmp_path, NET), shapes).proposals
    (proposal,) = make_advice(parsed(tmp_path, NET.removesuffix(" -k net")), shapes).proposals
    assert proposal.blind[0].key == ""


@pytest.mark.parametrize("line", [FOLDER, "-w /etc/ -p wa -k etc"])
def test_a_directory_watch_gets_its_calls(line: str, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    rules = parsed(tmp_path, line, NET)
    advice = make_advice(rules, [])
    (proposal,) = advice.proposals
    assert (proposal.kind, proposal.lines_spared) == ("directory", -1)
    found, text = again(tmp_path, rules, advice)
    wide, narrow, other = found
    assert other.text == NET
    for rule in (wide, narrow):
        assert rule.view.texts[Field.DIR] == b"/etc"
        assert rule.view.perm == 10
        assert rule.view.key == b"etc"
    assert wide.view.rule.names_syscall(OPENAT)
    assert wide.view.rule.names_syscall(RENAME)
    assert not wide.view.rule.names_syscall(READ)
    assert not wide.view.rule.names_syscall(CONNECT)
    assert f"# was: {line}" in text


def test_a_directory_watch_of_one_architecture_stays_one_line(tmp_path: Path) -> None:
    rules = parsed(tmp_path, FOLDER.replace("-S all", "-F arch=b32 -S all"))
    (proposal,) = make_advice(rules, []).proposals
    (line,) = proposal.new
    assert "arch=b32" in line
    assert "chown32" in line


def test_a_directory_watch_that_names_calls_is_cheap(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-a always,exit -F arch=b64 -S openat -F dir=/etc -F perm=wa -k etc")
    assert make_advice(rules, []).proposals == ()


def test_rules_that_differ_in_their_calls_become_one(tmp_path: Path) -> None:
    rules = parsed(tmp_path, MOUNT, NET, UMOUNT)
    advice = make_advice(rules, [])
    (proposal,) = advice.proposals
    assert (proposal.kind, proposal.lines_spared, proposal.goes_blind) == ("merge", 1, "")
    found, text = again(tmp_path, rules, advice)
    assert [rule.text for rule in found] == [
        "-a always,exit -F arch=b64 -S mount,umount2 -F key=mounts", NET]  # fmt: skip
    assert text.count("# was: ") == 2


def test_the_table_names_the_lines_that_change(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    rules = parsed(tmp_path, NET, MOUNT, UMOUNT, FOLDER)
    page = page_markdown(advice_page(make_advice(rules, noisy())))
    assert "| exclude a program's calls | 890" in page
    assert "| name the calls of a directory watch, line 4 |" in page
    assert "| make several rules one, line 2 and 1 more |" in page
    (tmp_path / "10-first.rules").write_text(f"{NET}\n")
    (tmp_path / "20-second.rules").write_text(f"{FOLDER}\n")
    (tmp_path / "some.rules").unlink()
    folder = parse_source(read_source(tmp_path), elsewhere=True)
    page = page_markdown(advice_page(make_advice(folder, noisy())))
    assert "| name the calls of a directory watch, 20-second.rules:1 |" in page


def test_prepended_rules_are_left_as_they_are(tmp_path: Path) -> None:
    lines = [line.replace("-a", "-A", 1) for line in (MOUNT, UMOUNT, FOLDER)]
    assert make_advice(parsed(tmp_path, *lines), []).proposals == ()


def test_rules_with_an_exclusion_between_them_stay_apart(tmp_path: Path) -> None:
    assert make_advice(parsed(tmp_path, MOUNT, QUIET, UMOUNT), []).proposals == ()


def test_a_file_that_deletes_rules_is_not_rewritten(tmp_path: Path) -> None:
    lines = (MOUNT, UMOUNT, FOLDER, NET, NET.replace("-a", "-d", 1), NET)
    kinds = [each.kind for each in make_advice(parsed(tmp_path, *lines), noisy()).proposals]
    assert kinds == ["exclusion"]


def _permissions() -> Iterator[tuple[int, str, str]]:
    yield 4, "getxattr", "unlink"
    yield 2, "unlink", "chmod"
    yield 1, "execve", "openat"
    yield 8, "chmod", "rename"


@pytest.mark.parametrize(("bits", "within", "without"), list(_permissions()))
def test_a_permission_has_its_calls(bits: int, within: str, without: str) -> None:
    numbers = {"getxattr": 191, "unlink": 87, "chmod": 90, "execve": 59, "openat": 257,
               "rename": 82}  # fmt: skip
    found = perm_calls(bits, 0xC000003E)
    assert numbers[within] in found
    assert numbers[without] not in found


@pytest.mark.parametrize(("bits", "number"), [(8, 469), (4, 468), (8, 452), (2, 443)])
def test_a_permission_has_calls_that_libaudit_may_not_know(bits: int, number: int) -> None:
    """file_setattr, file_getattr, fchmodat2, quotactl_fd: a watch loses none of them."""
    for arch in (0xC000003E, 0x40000003):
        assert number in perm_calls(bits, arch)


def test_what_saves_most_of_the_log_comes_first(tmp_path: Path) -> None:
    rules = parsed(tmp_path, MOUNT, UMOUNT, FOLDER, NET)
    advice = make_advice(rules, noisy())
    assert [each.kind for each in advice.proposals] == ["exclusion", "directory", "merge"]
    page = page_markdown(advice_page(advice))
    assert "login uid" in page
    assert "No longer recorded: nothing." in page
