"""What a guest's answers mean, how a file's passes are planned, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.guest.operations.entries import COMPAT, NATIVE, RING
from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.tagged import tag_of
from harness.model.cover import Coverage, Seen
from harness.model.stored.environment import StoredGuest
from harness.reporters.documents.cover import cover_document
from harness.reporters.page import Grid
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.cover import cover_page, cover_sentence, verdict_words
from harness.run.rules.cover import LOGIN, NO_LOGIN, in_guest, plan_passes
from harness.run.rules.coverage import make_coverage
from tests.support.rule_lines import loaded_rules as rules
from tests.support.schemas import schema

NEVER = "-a never,exit -F arch=b64 -S chmod -F uid=0"
MODE = "-a always,exit -F arch=b64 -S chmod,openat -F auid>=1000 -F auid!=unset -k mode"
NO_ONE = "-a always,exit -F arch=b64 -S chmod -F auid=unset -k daemon"


def result(name: str, entry: str, place: int | None = None, **more: Any) -> dict[str, Any]:
    """What a guest says of one operation; `place` is that of the rule that recorded it."""
    key = None if place is None else tag_of(place)
    said = {"name": name, "entry": entry, "error": 0, "note": ""}
    return {**said, "recorded": place is not None, "key": key, **more}


def answers(*passes: Sequence[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    said = [{"event": "hello", "release": "6.1", "version": "#1"},
            {"event": "entries", "missing": dict.fromkeys((NATIVE, COMPAT, RING), "")}]  # fmt: skip
    empty = {"event": "covered", "refused": [], "lost": 0, **more}
    return [
        *said,
        *({**empty, "index": index, "results": list(each)} for index, each in enumerate(passes)),
    ]


def coverage(files: Sequence[Sequence[LoadedRule]], said: list[dict[str, Any]]) -> Coverage:
    passes = plan_passes([[rule.view.rule for rule in each] for each in files])
    return make_coverage(files, passes, said, StoredGuest(kernel="6.1"))


def seen(found: Coverage) -> dict[tuple[str, str], tuple[Seen, ...]]:
    return {(row.operation, row.entry): row.seen for row in found.rows}


def test_a_file_without_exclusions_is_done_once_and_everything_by_io_uring(tmp_path: Path) -> None:
    passes = plan_passes([[each.view.rule for each in rules(tmp_path, MODE)]])
    assert [(each.file, each.login, each.hidden) for each in passes] == [
        (0, LOGIN, False), (None, LOGIN, False)]  # fmt: skip


def test_exclusions_and_rules_for_processes_without_a_login_take_passes(tmp_path: Path) -> None:
    passes = plan_passes([[each.view.rule for each in rules(tmp_path, NEVER, MODE, NO_ONE)]])
    assert [(each.login, each.hidden, each.after) for each in passes[:-1]] == [
        (LOGIN, False, None),
        (LOGIN, True, 0),
        (NO_LOGIN, False, None),
        (NO_LOGIN, True, 2),
    ]


def test_each_answer(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NEVER, MODE)
    plainly = [
        result("openat to read", NATIVE, 1),
        result("openat to read", COMPAT),
        result("openat to read", RING),
        result("chmod", NATIVE),
        result("write", RING),
        result("fchmodat2", NATIVE, error=None, note="no such operation"),
    ]
    unhidden = [result("openat to read", COMPAT), result("chmod", NATIVE, 0)]
    ever = [result("openat to read", RING, recorded=True), result("write", RING)]
    found = coverage([loaded], answers(plainly, unhidden, ever))
    told = {key: each[0] for key, each in seen(found).items()}
    assert told["openat to read", NATIVE] == Seen("recorded", 1, 0)
    assert told["openat to read", COMPAT] == Seen("none", None, 0)
    assert told["openat to read", RING] == Seen("none", None, 0), "a rule could record it"
    assert told["chmod", NATIVE] == Seen("kept-back", 0, 0)
    assert told["write", RING] == Seen("impossible", None, 0)
    assert told["fchmodat2", NATIVE].verdict == "not-made"
    assert found.trustworthy
    assert verdict_words(told["openat to read", NATIVE], found.rules[0]) == "line 2 (mode)"
    assert verdict_words(told["chmod", NATIVE], found.rules[0]) == "kept back by line 1"
    sentence = cover_sentence(found)
    assert "1 of 3 operations are recorded" in sentence
    assert "1 of these go unseen by 32-bit" in sentence
    assert "1 operation of io_uring is beyond any rule" in sentence
    jsonschema.validate(cover_document(found), schema("cover"))


def test_records_that_the_exclude_list_drops_are_its_rules(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MODE, "-a always,exclude -F msgtype=SYSCALL")
    plainly = [result("chmod", NATIVE)]
    found = coverage([loaded], answers(plainly, [result("chmod", NATIVE, 0)], []))
    (row,) = found.rows
    assert row.seen == (Seen("kept-back", 1, 0),)


def test_of_two_files_what_the_second_no_longer_records_is_told(tmp_path: Path) -> None:
    old, new = rules(tmp_path, MODE), rules(tmp_path, MODE.replace("chmod,", ""))
    before = [result("chmod", NATIVE, 0), result("openat to read", NATIVE, 0)]
    after = [result("chmod", NATIVE), result("openat to read", NATIVE, 0)]
    found = coverage([old, new], answers(before, after, []))
    assert [row.operation for row in found.rows if row.is_blinded] == ["chmod"]
    assert cover_sentence(found).startswith("Of 2 operations recorded by")
    assert cover_sentence(found).endswith(" loses 1")
    (grid,) = [part for part in cover_page(found).parts if isinstance(part, Grid)]
    assert [box.text for box in grid.rows[0]] == [
        "chmod",
        NATIVE,
        LOGIN,
        "line 1 (mode)",
        "by none",
    ]
    assert len(grid.rows) == 1
    jsonschema.validate(cover_document(found), schema("cover"))


@pytest.mark.parametrize(("more", "name"), [({"lost": 3}, "lost"), ({}, "")])
def test_lost_records_make_it_untrustworthy(
    tmp_path: Path, more: dict[str, int], name: str
) -> None:
    found = coverage([rules(tmp_path, MODE)], answers([result("chmod", NATIVE, 0)], [], **more))
    assert found.trustworthy == (not name)


def test_an_operation_that_could_not_be_made_is_said_with_its_reason(tmp_path: Path) -> None:
    failed = result("chmod", NATIVE, error=None, note="failed OSError: no room")
    found = coverage([rules(tmp_path, MODE)], answers([failed], []))
    (caution,) = found.cautions
    assert "chmod by 64-bit: failed OSError: no room" in caution.what
    assert not found.trustworthy


def test_rules_that_the_guest_refuses_and_entries_that_it_lacks_are_said(tmp_path: Path) -> None:
    said = answers([result("chmod", NATIVE)], [], refused=[(0, "Invalid argument")])
    said[1]["missing"][COMPAT] = "the kernel runs no 32-bit programs"
    found = coverage([rules(tmp_path, MODE)], said)
    assert [caution.name for caution in found.cautions] == ["no-entry", "refused"]
    assert "some.rules:1" in found.cautions[1].what


def test_without_a_login_only_the_differences_are_shown(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MODE, NO_ONE)
    by_login = [result("chmod", NATIVE, 0), result("chown", NATIVE)]
    without = [result("chmod", NATIVE, 1), result("chown", NATIVE)]
    page = page_markdown(cover_page(coverage([loaded], answers(by_login, without, []))))
    assert page.count("chown") == 1
    assert "line 2 (daemon)" in page


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("-w /etc/sudoers.d/ -p wa", Field.DIR),
        ("-w /etc/passwd -p wa", Field.WATCH),
        ("-a always,exit -F path=/etc/sudoers.d -F perm=wa", Field.WATCH),
    ],
)
def test_a_watch_of_a_folder_that_only_the_guest_has_is_one(
    tmp_path: Path, line: str, field: Field
) -> None:
    (loaded,) = rules(tmp_path, line)
    found = [each for each in in_guest(loaded).fields if each.field in (Field.DIR, Field.WATCH)]
    assert [each.field for each in found] == [field]
