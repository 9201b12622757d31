"""The answer of `auditbench verify` in words, the same in every medium."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model.verify import (
    EventName,
    Finding,
    First,
    Kind,
    Matched,
    Side,
    VerifyReport,
    VerifyVerdict,
)
from harness.reporters.documents.verify import verify_document
from harness.reporters.verify import finding_detail, verify_page, verify_sentence
from tests.support.reports.pages import on_a_terminal, require_same_everywhere

EVENT = EventName(1_700_000_000_123, 456, 1300, b"arch=c000003e syscall=59 success=yes exit=0 a0=1")
NAME = "1700000000.123:456 (SYSCALL execve)"
RAW = Side("raw.log", "log")
SPAN = (1_700_000_000_000, 1_700_000_060_000)


def finding(
    kind: Kind, events: int, raw: bytes | None = None, output: bytes | None = None
) -> Finding:
    return Finding(kind, events, First(EVENT, 1302, raw, output))


def report(*findings: Finding, form: str = "log", allowed: tuple[Kind, ...] = ()) -> VerifyReport:
    matched = Matched(12_345, 50_000, 12_345, 12_000, findings, 0, 0, 0, 0, SPAN, SPAN, 131_072)
    return VerifyReport(RAW, Side("out", form), matched, frozenset(allowed))


@pytest.mark.parametrize(
    ("findings", "allowed", "verdict", "expected"),
    [
        ((), (), "complete", "complete: all 12,345 events of RAW are in OUTPUT, none changed"),
        (
            (finding("missing", 3),),
            (),
            "incomplete",
            f"not complete: 3 of 12,345 events are missing, first {NAME}",
        ),
        (
            (finding("missing", 1), finding("out-of-order", 2)),
            (),
            "incomplete",
            f"not complete: 1 of 12,345 events is missing, first {NAME}; 2 are out of order, "
            f"first {NAME}",
        ),
        (
            (finding("cut", 1), finding("out-of-order", 2)),
            ("out-of-order",),
            "incomplete",
            f"not complete: 1 of 12,345 events is cut, first {NAME}",
        ),
        (
            (finding("out-of-order", 2),),
            ("out-of-order",),
            "complete",
            f"complete but for what is allowed: 2 of 12,345 events are out of order, first {NAME}; "
            "the others are in OUTPUT, unchanged",
        ),
        (
            (finding("not-in-raw", 1),),
            (),
            "cannot-tell",
            "cannot tell: all 12,345 events of RAW are in OUTPUT, none changed, but 1 event of "
            f"OUTPUT is not, or not whole, in RAW, first {NAME}: RAW itself lacks records",
        ),
    ],
)
def test_the_answer(
    findings: tuple[Finding, ...], allowed: tuple[Kind, ...], verdict: VerifyVerdict, expected: str
) -> None:
    made = report(*findings, allowed=allowed)
    assert (made.verdict, verify_sentence(made)) == (verdict, expected)


def test_what_makes_complete_unsure() -> None:
    whole = report()
    damaged = replace(whole, raw=Side("raw.log", "log", damaged=2, first_damaged=7))
    unplaced = replace(whole, matched=replace(whole.matched, unplaced=4))
    nothing = replace(whole, matched=replace(whole.matched, findings=(finding("missing", 12_345),)))
    for made in (damaged, unplaced, nothing):
        assert made.verdict == "cannot-tell"
        assert verify_sentence(made).startswith("cannot tell: ")
    assert "RAW: 2 lines are no records, the first is line 7" in on_a_terminal(verify_page(damaged))
    assert "RAW is of 2023-11-14 22:13:20Z to 2023-11-14 22:14:20Z" in verify_sentence(nothing)
    fault = replace(unplaced, matched=replace(unplaced.matched, findings=(finding("missing", 5),)))
    assert fault.verdict == "incomplete"
    assert "some of the missing ones may be among them" in " ".join(
        verify_document(fault)["cannot_tell"]
    )


@pytest.mark.parametrize("form", ["enriched log", "laurel", "go-audit"])
def test_what_a_form_does_not_show_is_said_with_every_answer(form: str) -> None:
    for findings in ((), (finding("missing", 1),)):
        made = report(*findings, form=form)
        said = verify_document(made)["cannot_tell"]
        assert len(said) == 1 + (form != "enriched log" and bool(findings))
        shown = " ".join(on_a_terminal(verify_page(made)).split())
        assert [words for words in said if words not in shown] == []


@pytest.mark.parametrize(
    ("kind", "raw", "output", "expected"),
    [
        ("missing", None, None, ""),
        ("cut", b"a=1 b=2", None, "PATH is missing"),
        ("cut", b"a=1 b=2", b"a=1", "PATH ends after 3 of 7 bytes"),
        ("changed", b"a=1 b=2", b"a=1 b=3", "PATH is another: b=2 became b=3"),
        ("changed", b"a=1\0b=2", b"a=1", "PATH is another: b=2 is missing"),
        ("changed", b"a=1", b"a=1\0b=2", "PATH is another: b=2 was added"),
        ("doubled", b"a=1", b"a=1", "PATH is there more often"),
        ("not-in-raw", None, b"a=1", "PATH is not in RAW"),
    ],
)
def test_what_is_wrong_with_the_first_event(
    kind: Kind, raw: bytes | None, output: bytes | None, expected: str
) -> None:
    assert finding_detail(finding(kind, 1, raw, output)) == expected


def test_every_medium_says_the_same() -> None:
    page = verify_page(
        report(finding("missing", 3), finding("changed", 2, b"a=1", b"a=2"), form="laurel")
    )
    require_same_everywhere(page)


def test_what_records_hold_is_shown_and_not_obeyed() -> None:
    evil = b"name=[red]\x1b]0;title\x07\xff" + b"y" * 9000
    shown = on_a_terminal(verify_page(report(finding("changed", 1, b"name=x", evil))))
    assert "\x1b]" not in shown
    assert "[red]" in shown
    assert len(shown) < 3000
