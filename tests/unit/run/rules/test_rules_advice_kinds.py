"""Kinds of proposals beside exclusions of programs, and that none claims what another saves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.source import read_source
from harness.model.rules.advice import Advice, Proposal, Saving
from harness.reporters.documents.advise import advice_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.advice import advice_page
from harness.run.rules.advice.exclusions import domain_of
from harness.run.rules.advice.making import make_advice
from harness.run.rules.advice.rewriting import rewritten
from tests.support.schemas import schema
from tests.unit.run.rules.test_rules_advice import (
    CONNECT,
    FOLDER,
    MOUNT,
    NET,
    OPENAT,
    UMOUNT,
    again,
    parsed,
    shape,
)

CWD, PROCTITLE = 1307, 1327
OPEN = "-a always,exit -F arch=b64 -S openat -F auid>=1000 -F key=opens"
HTTPD, CUPSD = b"system_u:system_r:httpd_t:s0", b"/usr/sbin/cupsd (enforce)"


def each_by(program: str, events: int, many: int, **more: Any) -> list[dict[str, Any]]:
    """Events of so many programs that none of them is noise."""
    return [shape(f"{program}{at}".encode(), CONNECT, events, **more) for at in range(many)]


def of_kind(advice: Advice, kind: str) -> Proposal:
    (found,) = [each for each in advice.proposals if each.kind == kind]
    return found


def kinds(advice: Advice) -> list[str]:
    return [each.kind for each in advice.proposals]


def test_a_user_whose_many_programs_fill_the_log_is_excluded(tmp_path: Path) -> None:
    shapes = each_by("/bin/a", 5, 12, uid=1000) + each_by("/bin/b", 5, 12, uid=0)
    advice = make_advice(parsed(tmp_path, NET), shapes)
    (proposal,) = advice.proposals
    assert proposal.new == ("-a never,exit -F arch=b64 -S connect -F auid=1000 -F uid=1000",)
    assert proposal.alone == Saving(60, 180, 30_000)
    assert "set-user-ID" in proposal.goes_blind


def test_a_service_is_excluded_by_its_uid_without_a_login(tmp_path: Path) -> None:
    shapes = each_by("/bin/a", 5, 12, uid=33, auid=4294967295)
    (proposal,) = make_advice(parsed(tmp_path, NET), shapes).proposals
    assert proposal.new == ("-a never,exit -F arch=b64 -S connect -F auid=-1 -F uid=33",)
    rules = parsed(tmp_path, NET)
    found, _ = again(tmp_path, rules, make_advice(rules, shapes))
    assert found[0].view.has(Field.LOGINUID) or found[0].view.has(Field.LOGINUID_SET)


@pytest.mark.parametrize("change", [{"uid": 0}, {"auid": None}, {"uid": None}])
def test_nobody_is_excluded_who_may_be_root(change: dict[str, Any], tmp_path: Path) -> None:
    shapes = each_by("/bin/a", 5, 12, **{"uid": 1000, **change})
    assert make_advice(parsed(tmp_path, NET), shapes).proposals == ()


@pytest.mark.parametrize(
    ("subject", "condition", "note"),
    [
        (HTTPD, "-F subj_type=httpd_t", "SELinux"),
        (CUPSD, "-F subj_role=/usr/sbin/cupsd", "no such profile"),
    ],
)
def test_a_domain_is_asked_for_as_its_module_allows(
    subject: bytes, condition: str, note: str, tmp_path: Path
) -> None:
    rules = parsed(tmp_path, NET)
    advice = make_advice(rules, each_by("/bin/a", 5, 12, subj=subject))
    (proposal,) = advice.proposals
    assert proposal.kind == "domain"
    assert proposal.new == (f"-a never,exit -F arch=b64 -S connect {condition}",)
    assert note in proposal.notes[0]
    assert "Domains: 60 events of " in advice.domains
    again(tmp_path, rules, advice)


@pytest.mark.parametrize(
    "subject",
    [
        b"unconfined", b"unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023", b"_", b"?",
        b"unconfined (unconfined)", b":ns://profile (enforce)", b"/usr/sbin/a b (enforce)", b"",
        b"=unconfined",
    ],
)  # fmt: skip
def test_a_context_that_is_no_domain_is_not_asked_for(subject: bytes, tmp_path: Path) -> None:
    assert domain_of(subject) is None
    advice = make_advice(parsed(tmp_path, NET), each_by("/bin/a", 5, 12, subj=subject))
    assert advice.proposals == ()
    assert "not proposed" in advice.domains or "no subj=" in advice.domains


def test_a_log_without_contexts_is_said_to_have_none(tmp_path: Path) -> None:
    assert "cannot" not in make_advice(parsed(tmp_path, NET), []).domains
    said = make_advice(parsed(tmp_path, NET), each_by("/bin/a", 5, 2)).domains
    assert said.startswith("No domain can be asked for: the log has no subj=")


def test_what_two_exclusions_spare_is_claimed_by_the_narrower_one(tmp_path: Path) -> None:
    shapes = [
        shape(b"/usr/bin/noisy", CONNECT, 700, uid=1000, subj=HTTPD),
        *each_by("/bin/a", 10, 15, uid=1000, subj=HTTPD),
        *each_by("/bin/b", 10, 15, uid=1000),
    ]
    advice = make_advice(parsed(tmp_path, NET), shapes)
    found = {each.kind: (each.alone.events, each.added.events) for each in advice.proposals}
    assert found == {"exclusion": (700, 700), "domain": (850, 150), "user": (1000, 150)}
    assert advice.saved.events == advice.log.events == 1000
    assert advice.proposals[0].kind == "exclusion"


def failing(*errors: tuple[int, int], **more: Any) -> list[dict[str, Any]]:
    return [
        shape(b"/bin/a%d" % at, OPENAT, events, exit=-code, key=b"opens", **more)
        for at, (code, events) in enumerate(errors)
    ]


def test_failed_calls_that_fill_the_log_are_named(tmp_path: Path) -> None:
    shapes = [*failing((2, 9), (13, 5), (1, 1)), shape(b"/bin/b", OPENAT, 85, key=b"opens", uid=0)]
    rules = parsed(tmp_path, OPEN, NET)
    proposal = of_kind(make_advice(rules, shapes), "success")
    assert proposal.old == (OPEN,)
    assert proposal.new == (OPEN.replace(" -F key", " -F success=1 -F key"),)
    assert proposal.goes_blind == "failed calls: 9 ENOENT, 5 EACCES, 1 EPERM"
    assert proposal.alone.events == proposal.added.events == 15
    (note,) = proposal.notes
    assert note.startswith("STIG asks for EACCES and EPERM; to keep them add -a always,exit ")
    assert "-F exit=-EACCES" in note
    assert "-F exit=-EPERM" in note


def test_failed_calls_that_another_rule_records_do_not_go_blind(tmp_path: Path) -> None:
    keep = OPEN.replace("-F key=opens", "-F exit=-EACCES -F key=access")
    watch = "-a always,exit -F arch=b64 -S openat -F dir=/etc -F key=etc"
    shapes = [each for _ in range(10) for each in failing((2, 2), (13, 5))]
    shapes = [{**each, "exe": b"/bin/%d" % at} for at, each in enumerate(shapes)]
    proposal = of_kind(make_advice(parsed(tmp_path, OPEN, keep), shapes), "success")
    assert (proposal.alone.events, proposal.notes) == (20, ())
    proposal = of_kind(make_advice(parsed(tmp_path, OPEN, keep, watch), shapes), "success")
    assert proposal.notes == ("20 of them may still be recorded by a rule below",)


@pytest.mark.parametrize("result", ["-F success=1", "-F exit=-ENOENT", "-F success=0"])
def test_a_rule_that_asks_for_the_result_is_left_alone(result: str, tmp_path: Path) -> None:
    rule = OPEN.replace("-F key", f"{result} -F key")
    assert "success" not in kinds(make_advice(parsed(tmp_path, rule), failing((2, 50))))


def test_calls_whose_result_is_not_known_have_not_failed(tmp_path: Path) -> None:
    shapes = [shape(b"/bin/a%d" % at, OPENAT, 9, exit=None, key=b"opens") for at in range(12)]
    assert make_advice(parsed(tmp_path, OPEN), shapes).proposals == ()


def test_types_of_records_are_left_out_and_the_events_stay(tmp_path: Path) -> None:
    parts = {PROCTITLE: (5, 400), CWD: (1, 30)}
    rules = parsed(tmp_path, NET)
    advice = make_advice(rules, each_by("/bin/a", 5, 12, parts=parts))
    (proposal,) = advice.proposals
    assert proposal.new == ("-a always,exclude -F msgtype=PROCTITLE",)
    assert proposal.alone == proposal.added == Saving(0, 60, 4800)
    assert "the event and its other records stay" in proposal.notes[0]
    assert proposal.blind[0].events == 5
    found, _ = again(tmp_path, rules, advice)
    assert [rule.text for rule in found] == [NET, *proposal.new]
    done = make_advice(parsed(tmp_path, NET, *proposal.new), each_by("/a", 5, 12, parts=parts))
    assert done.proposals == ()


def test_records_of_events_that_are_excluded_are_saved_once(tmp_path: Path) -> None:
    shapes = [
        shape(b"/usr/bin/noisy", CONNECT, 500, parts={PROCTITLE: (500, 5000)}),
        *each_by("/bin/a", 30, 16, parts={PROCTITLE: (30, 300)}),
    ]
    advice = make_advice(parsed(tmp_path, NET), shapes)
    proposal = of_kind(advice, "record-type")
    assert (proposal.alone.records, proposal.added.records) == (980, 480)
    assert advice.saved.records == 3 * 500 + 480
    page = page_markdown(advice_page(advice))
    assert "would have been written without it" in page
    assert "the rules that ask for them" in page


def test_a_rule_of_many_events_moves_up(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-D", MOUNT, UMOUNT.replace("mounts", "umounts"), NET)
    advice = make_advice(rules, each_by("/bin/a", 5, 12))
    (proposal,) = advice.proposals
    assert (proposal.kind, proposal.matched) == ("order", 60)
    assert [line for _, line in proposal.passed] == [3, 2]
    assert proposal.before == (f"{tmp_path}/some.rules", 2)
    assert (proposal.alone, proposal.lines_spared, proposal.goes_blind) == (Saving(), 0, "")
    found, text = again(tmp_path, rules, advice)
    assert [rule.text for rule in found] == [NET, MOUNT, UMOUNT.replace("mounts", "umounts")]
    assert f"# moved up: {NET}" in text.splitlines()


@pytest.mark.parametrize(
    "between",
    [
        "-a never,exit -F arch=b64 -S connect -F uid=7",
        "-a always,exit -F arch=b64 -S connect,mount -k other",
        "-A always,exit -F arch=b64 -S mount -k other",
    ],
)
def test_a_rule_passes_none_that_decides_otherwise(between: str, tmp_path: Path) -> None:
    rules = parsed(tmp_path, MOUNT, UMOUNT.replace("mounts", "umounts"), between, NET)
    kept = make_advice(rules, each_by("/bin/a", 5, 12)).proposals
    assert [each.kind for each in kept] == (["order"] if between.startswith("-A") else [])
    for proposal in kept:
        assert len(proposal.passed) == 2


def test_a_watch_of_a_file_is_no_rule_that_events_pass(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-w /etc/passwd -p wa -k a", "-w /etc/group -p wa -k b", NET)
    assert make_advice(rules, each_by("/bin/a", 5, 12)).proposals == ()


def test_the_backlog_holds_the_busiest_second(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-D", "-b 1024", NET)
    (proposal,) = make_advice(rules, [], (5000, 1_700_000_000)).proposals
    assert (proposal.old, proposal.new) == (("-b 1024",), ("-b 8192",))
    assert "5,000 records in the second from 2023-11-14 22:13:20 UTC" in proposal.reason
    assert proposal.alone == Saving()
    text = rewritten(rules, (proposal,)).decode().splitlines()
    assert [line for line in text if not line.startswith("#")] == ["-D", "-b 8192", NET]
    assert "# was: -b 1024" in text


def test_a_file_without_a_backlog_has_the_kernels(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-D", NET)
    (proposal,) = make_advice(rules, [], (65, 1)).proposals
    assert proposal.new == ("-b 128",)
    text = rewritten(rules, (proposal,)).decode().splitlines()
    assert [line for line in text if not line.startswith("#")] == ["-D", "-b 128", NET]
    assert make_advice(rules, [], (64, 1)).proposals == ()


@pytest.mark.parametrize("lines", [("-D", "-b 0", NET), (NET,), ("-D", "-b 8192", NET)])
def test_a_backlog_that_holds_it_or_is_not_set_here_is_left_alone(
    lines: tuple[str, ...], tmp_path: Path
) -> None:
    assert make_advice(parsed(tmp_path, *lines), [], (5000, 1)).proposals == ()


def test_proposals_of_every_kind_at_once_write_a_file_without_new_faults(tmp_path: Path) -> None:
    lines = ("-D", "-b 64", "-f 1", FOLDER, MOUNT, UMOUNT, OPEN, NET, "-e 1")
    parts = {PROCTITLE: (300, 9000)}
    shapes = [
        shape(b"/usr/bin/noisy", CONNECT, 300, parts=parts),
        *each_by("/bin/c", 20, 15, uid=1000),
        *each_by("/bin/d", 20, 15, subj=HTTPD),
        *each_by("/bin/e", 20, 20, uid=0, parts={PROCTITLE: (40, 1200)}),
        *(shape(b"/bin/f%d" % at, OPENAT, 40, exit=-2, key=b"opens") for at in range(12)),
    ]
    rules = parsed(tmp_path, *lines)
    advice = make_advice(rules, shapes, (9000, 1))
    assert set(kinds(advice)) == {
        "exclusion", "user", "domain", "success", "record-type", "directory", "merge", "order",
        "backlog",
    }  # fmt: skip
    jsonschema.validate(advice_document(advice), schema("advise"))
    before = {each.reason for each in faults(tmp_path / "some.rules")}
    for chosen in ([], *([number] for number in range(1, len(advice.proposals) + 1))):
        (tmp_path / "new.rules").write_bytes(rewritten(rules, advice.chosen(chosen)))
        assert {each.reason for each in faults(tmp_path / "new.rules")} <= before


def faults(file: Path) -> list[Any]:
    return [each for each in lint_source(read_source(file), elsewhere=True)
            if each.severity == "error"]  # fmt: skip


def test_each_line_is_changed_by_one_proposal_only(tmp_path: Path) -> None:
    failed = [shape(b"/bin/a%d" % at, 165, 9, exit=-2, key=b"mounts") for at in range(12)]
    advice = make_advice(parsed(tmp_path, MOUNT, UMOUNT, FOLDER), failed)
    lines = [line for each in advice.proposals for line in each.lines]
    assert len(lines) == len(set(lines))
    assert kinds(advice) == ["success", "directory"]


def test_a_number_that_no_proposal_has_is_a_mistake(tmp_path: Path) -> None:
    advice = make_advice(parsed(tmp_path, MOUNT, UMOUNT), [])
    assert advice.chosen([1]) == advice.chosen(None) == advice.proposals
    with pytest.raises(Exception, match="no proposal 2 among 1"):
        advice.chosen([2])


def test_what_a_file_excludes_by_now_is_not_excluded_again(tmp_path: Path) -> None:
    """The log may be older than the file."""
    shapes = [shape(b"/usr/bin/noisy", CONNECT, 900), *each_by("/bin/a", 5, 12)]
    (proposal,) = make_advice(parsed(tmp_path, NET), shapes).proposals
    assert make_advice(parsed(tmp_path, *proposal.new, NET), shapes).proposals == ()
