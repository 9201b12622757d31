"""The bill: what is counted, what a row is, and that it is held against the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.guest.kernels.images import KernelImage
from harness.guest.together import GuestFailedError
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.model.cost import Bill
from harness.model.stored.environment import StoredGuest
from harness.reporters.documents.cost import cost_document
from harness.reporters.page import Grid
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.cost import ANY_RULE, cost_page, cost_sentence
from harness.run.rules import cost
from harness.run.rules.bill import make_bill
from harness.run.rules.bill_log import with_log
from harness.run.rules.cost import MOST_SINGLE, Wanted, groups_of, plan_states
from tests.support.rule_lines import loaded_rules as rules
from tests.support.schemas import schema

MOUNT = "-a always,exit -F arch=b64 -S mount -k mounts"
FOLDER = "-a always,exit -F arch=b64 -S all -F dir=/etc -F perm=wa -k etc"
WATCH = "-w /etc/passwd -p wa -k etc"
NO_RULES, ANY, SLOPE = 500.0, 340.0, 19.0


def answers(
    states: Sequence[Wanted], taxes: Sequence[float], *, noise: float = 0.0, **probed: Any
) -> list[list[dict[str, Any]]]:
    """What two guests say in which each rule has such a tax, and neutral ones the slope."""
    boots = []
    for boot in range(2):
        said: list[dict[str, Any]] = [
            {"event": "hello", "version": "#1"},
            {"event": "probed", "refused": [], "recording": [], **probed},
        ]
        for place, state in enumerate(states):
            total = sum(taxes[each] if each >= 0 else SLOPE for each in state.places)
            value = NO_RULES + (ANY if state.places else 0.0) + total + noise * boot
            said.append({"event": "priced", "index": place, "state": place, "records": 0,
                         "instructions_per_op": value})  # fmt: skip
        boots.append(said)
    return boots


def bill(loaded: Sequence[LoadedRule], taxes: Sequence[float], **more: Any) -> Bill:
    states = plan_states([rule.view.rule for rule in loaded])
    return make_bill(loaded, states, answers(states, taxes, **more), StoredGuest(kernel="6.1"))


def test_lines_are_sorted_by_their_tax_and_add_up(tmp_path: Path) -> None:
    found = bill(rules(tmp_path, MOUNT, WATCH, FOLDER), (19.0, 0.0, 150.0))
    assert [(line.rule.line, line.tax) for line in found.lines] == [(3, 150), (1, 19), (2, 0)]
    assert (found.any_rule, found.whole, found.residue) == (ANY, ANY + 169, 0)
    assert found.trustworthy
    sentence = cost_sentence(found)
    assert "the dearest is line 3 (etc) with 150.0" in sentence
    assert "having rules at all is 340.0 of it, 3 lines 169.0" in sentence
    assert "it adds up" in page_markdown(cost_page(found))
    jsonschema.validate(cost_document(found), schema("cost"))


def test_a_single_rule_is_not_charged_with_having_rules_at_all(tmp_path: Path) -> None:
    found = bill(rules(tmp_path, MOUNT), (19.0,))
    assert [line.tax for line in found.lines] == [19]
    assert found.residue == 0


def test_a_watch_beside_rules_of_other_lists_leaves_the_first_row_as_it_is(tmp_path: Path) -> None:
    loaded = rules(tmp_path, "-a always,exclude -F msgtype=CWD", MOUNT)
    place = next(at for at, rule in enumerate(loaded) if rule.text == MOUNT)
    taxes = [0.0, 0.0]
    taxes[place] = 19.0
    found = bill(loaded, taxes)
    assert [line.tax for line in found.lines] == [19, 0]


def test_what_does_not_add_up_is_printed(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MOUNT, FOLDER)
    states = plan_states([rule.view.rule for rule in loaded])
    said = answers(states, (19.0, 150.0))
    for boot in said:
        boot[-1]["instructions_per_op"] += 100
    found = make_bill(loaded, states, said, StoredGuest())
    assert found.residue == 100
    assert "100.0 (19.6 %) do not add up" in page_markdown(cost_page(found))


def test_lines_closer_than_the_boots_are_equal(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MOUNT, MOUNT.replace("mount", "umount2"), FOLDER)
    found = bill(loaded, (19.0, 18.5, 150.0), noise=1.0)
    assert [(line.rule.line, line.equal) for line in found.lines] == [
        (3, False), (1, False), (2, True)]  # fmt: skip
    assert found.floor == 1


def test_many_rules_alike_are_priced_together(tmp_path: Path) -> None:
    names = [f"-a always,exit -F arch=b64 -S mount -F uid={uid}" for uid in range(MOST_SINGLE)]
    loaded = rules(tmp_path, *names, FOLDER)
    groups = groups_of([rule.view.rule for rule in loaded])
    assert sorted(map(len, groups)) == [1, MOST_SINGLE]
    found = bill(loaded, [19.0] * MOST_SINGLE + [150.0])
    assert {line.group for line in found.lines if line.tax == 19} == {MOST_SINGLE}
    assert found.lines[0].tax == 150
    assert found.residue == pytest.approx(0)


def test_few_rules_are_priced_one_by_one(tmp_path: Path) -> None:
    bare = [rule.view.rule for rule in rules(tmp_path, MOUNT, WATCH)]
    assert groups_of(bare) == [(0,), (1,)]


def test_rules_that_cannot_be_priced_are_said_and_on_no_bill(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MOUNT, FOLDER, WATCH)
    found = bill(loaded, (19.0, 0.0, 0.0), recording=[1], refused=[(2, "Invalid argument")])
    assert [line.rule.line for line in found.lines] == [1]
    assert [caution.name for caution in found.cautions] == ["refused", "records-everything"]


def test_a_state_that_was_not_counted_makes_it_untrustworthy(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MOUNT, FOLDER)
    states = plan_states([rule.view.rule for rule in loaded])
    said = answers(states, (19.0, 150.0))
    for boot in said:
        boot[-1] = {"event": "refused", "index": 5, "state": 5, "message": "no memory"}
    found = make_bill(loaded, states, said, StoredGuest())
    assert not found.trustworthy
    assert [caution.name for caution in found.cautions] == ["invalid-trials"]
    jsonschema.validate(cost_document(found), schema("cost"))
    assert cost_sentence(found).endswith("; 1 of 2 lines could not be counted.")
    page = page_markdown(cost_page(found))
    assert "| mounts | 1 | 19.0 |" in page
    assert "| etc | 1 | – |" in page
    assert "add up" not in page


def test_states_counted_before_a_guest_failed_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = rules(tmp_path, MOUNT, FOLDER)
    bare = [rule.view.rule for rule in loaded]
    states = plan_states(bare)
    said = answers(states, (19.0, 150.0))
    heard = iter([[(0, each) for each in said[0]], []])

    def boots(*_: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from next(heard)
        raise GuestFailedError("the guest said nothing for 600 s")

    monkeypatch.setattr(cost, "run_boots", boots)
    image = KernelImage("a.deb", "6.1.0", b"")
    got = cost.count_states(image, {}, bare, states, lambda _words: None)
    found = make_bill(loaded, states, got, StoredGuest(kernel="6.1"))
    assert [line.tax for line in found.lines] == [150, 19]
    (caution,) = found.cautions
    assert caution.what == "6 counts in a boot failed: the guest said nothing for 600 s"
    assert not found.trustworthy
    with pytest.raises(GuestFailedError):
        cost.count_states(image, {}, bare, states, lambda _words: None)


def test_a_log_adds_events_per_day_and_what_is_not_one_lines(tmp_path: Path) -> None:
    loaded = rules(tmp_path, MOUNT, FOLDER)
    shape = {"key": b"mounts", "number": 165, "arch": 0xC000003E, "exit": 0, "exe": b"/bin/mount",
             "auid": 1000, "uid": 0, "events": 10, "records": 40, "bytes": 4000}  # fmt: skip
    shapes = [shape, {**shape, "key": b"other", "events": 3, "records": 3, "bytes": 300}]
    half_a_day = 12 * 3600 * 1000
    found = with_log(bill(loaded, (19.0, 150.0)), loaded, shapes, (0, half_a_day))
    by_line = {line.rule.line: line.logged for line in found.lines}
    first, second = by_line[1], by_line[2]
    assert first is not None
    assert second is not None
    assert (first.events, first.events_per_day, first.bytes_per_day) == (10, 20, 8000)
    assert second.events == 0
    assert found.unassigned is not None
    assert found.unassigned.events == 3
    grids = {part.name: part for part in cost_page(found).parts if isinstance(part, Grid)}
    assert [column.name for column in grids["log"].columns][1:4] == [
        "events", "events per day", "bytes per day"]  # fmt: skip
    assert grids["bill"].rows[0][-1].text == ANY_RULE
    jsonschema.validate(cost_document(found), schema("cost"))


def test_rules_of_another_architecture_are_no_part_of_a_group(tmp_path: Path) -> None:
    one = "-a always,exit -F arch={} -S all -F dir=/srv/{} -F perm=wa"
    lines = [one.format(arch, place) for place in range(MOST_SINGLE) for arch in ("b32", "b64")]
    groups = groups_of([rule.view.rule for rule in rules(tmp_path, *lines)])
    assert sorted(map(len, groups)) == [MOST_SINGLE, MOST_SINGLE]
