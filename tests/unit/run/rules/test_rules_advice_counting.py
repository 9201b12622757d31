"""What guests count of advice: which states, and what follows from their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.guest.kernels.images import KernelImage
from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.parsed import Parsed
from harness.kernel.rules.rule import Rule
from harness.model.cost import INVALID_TRIALS, CountedLoad, EventPrice
from harness.model.cover import RuleAt
from harness.model.rules.advice import Advice, Counted
from harness.reporters.documents.advise import advice_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.advice import advice_page
from harness.run.rules.advice import counting
from harness.run.rules.advice.making import make_advice
from harness.run.rules.bill import Wanted
from tests.support.schemas import schema
from tests.unit.run.rules.test_rules_advice import FOLDER, MOUNT, NET, UMOUNT, noisy, parsed

NO_RULES, RULE, WATCH_OF_FOLDER = 500.0, 19.0, 104.0


def tax(rule: Rule) -> float:
    """What a rule costs in the pretended guest."""
    is_dear = rule.names_every_syscall and any(f.field == Field.DIR for f in rule.fields)
    return WATCH_OF_FOLDER if is_dear else RULE


class Guests:
    """Guests in which each rule has its tax; some states may fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: Sequence[str] = ()) -> None:
        self.failing = failing
        self.states: dict[str, float] = {}
        image = KernelImage("a.deb", "6.1.0", b"")
        monkeypatch.setattr(counting, "emulator_version", lambda: "QEMU")
        monkeypatch.setattr(counting, "find_kernel", lambda _which: image)
        monkeypatch.setattr(counting, "contents", lambda *_: {})
        monkeypatch.setattr(counting, "count_states", self.count_states)
        monkeypatch.setattr(counting, "count_events", lambda *_: [])
        self.loads: tuple[CountedLoad, ...] = ()
        monkeypatch.setattr(
            counting, "with_events", lambda bill, *_: replace(bill, loads=self.loads)
        )

    def count_states(
        self, _image: Any, _base: Any, rules: Sequence[Rule], states: Sequence[Wanted], _say: Any,
        *, own: int,
    ) -> list[list[dict[str, Any]]]:  # fmt: skip
        assert own <= len(rules)
        said: list[dict[str, Any]] = [{"event": "probed", "refused": [], "recording": []}]
        for place, state in enumerate(states):
            value = NO_RULES + sum(tax(rules[at]) if at >= 0 else RULE for at in state.places)
            self.states[state.name] = value
            if state.name in self.failing:
                said.append({"event": "refused", "state": place, "message": "no memory"})
            else:
                said.append({"event": "priced", "state": place, "records": 0,
                             "instructions_per_op": value})  # fmt: skip
        return [said, said]


def counted_advice(rules: Parsed, shapes: list[dict[str, Any]]) -> Advice:
    return counting.with_counts(rules, make_advice(rules, shapes), None, lambda _words: None)


def test_each_proposal_is_counted_alone_and_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Guests(monkeypatch)
    advice = counted_advice(parsed(tmp_path, "-D", MOUNT, UMOUNT, FOLDER, NET), noisy())
    found = {each.kind: each.counted for each in advice.proposals}
    assert found == {
        "exclusion": Counted(-RULE),
        "directory": Counted(WATCH_OF_FOLDER - 2 * RULE),
        "merge": Counted(RULE),
    }
    assert advice.together == Counted(WATCH_OF_FOLDER - 2 * RULE)
    assert (advice.floor, advice.trustworthy) == (0, True)
    jsonschema.validate(advice_document(advice), schema("advise"))
    assert "| 1 | exclude a program's calls | -19.0 |" in page_markdown(advice_page(advice))


def test_counts_put_what_saves_other_calls_most_in_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Guests(monkeypatch)
    calls = ("mount", "umount2", "setns", "unshare", "pivot_root", "swapon", "swapoff")
    merged = [MOUNT.replace("-S mount", f"-S {call}") for call in calls]
    rules = parsed(tmp_path, *merged, FOLDER, NET)
    before = make_advice(rules, noisy())
    assert [each.kind for each in before.proposals] == ["exclusion", "directory", "merge"]
    after = counting.with_counts(rules, before, None, lambda _words: None)
    assert [each.kind for each in after.proposals] == ["exclusion", "merge", "directory"]
    saved = [each.counted.call for each in after.proposals if each.counted]
    assert saved == [-RULE, 6 * RULE, WATCH_OF_FOLDER - 2 * RULE]
    assert after.chosen([2])[0].kind == "merge"
    numbered = [(each["number"], each["kind"]) for each in advice_document(after)["proposals"]]
    assert numbered == [(1, "exclusion"), (2, "merge"), (3, "directory")]


def test_a_rule_that_moves_up_saves_what_its_events_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = Guests(monkeypatch)
    rules = parsed(tmp_path, FOLDER, MOUNT, UMOUNT.replace("mounts", "other"), NET)
    shapes = [{**noisy()[0], "exe": b"/bin/%d" % at, "events": 9} for at in range(20)]
    advice = counted_advice(rules, shapes)
    assert [each.kind for each in advice.proposals] == ["directory", "order"]
    moved = advice.proposals[1]
    assert moved.counted == Counted(0, matched=2 * RULE)
    assert "without what proposal 1 passes" in guests.states


def load(name: str, record: float, *lines: RuleAt) -> CountedLoad:
    price = EventPrice((name,), records=3, bytes=900, load=3 * record, kauditd=0, consumer=0)
    return CountedLoad(name, 1, price, lines, behind=False, apart=0)


def test_events_are_priced_as_those_of_their_rule_or_of_the_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = Guests(monkeypatch)
    own = RuleAt(f"{tmp_path}/some.rules", 1, NET, "net")
    other = RuleAt(f"{tmp_path}/some.rules", 2, MOUNT, "mounts")
    guests.loads = (load("connect", 100, own), load("udp", 500, own, other), load("files", 300))
    advice = counted_advice(parsed(tmp_path, NET), noisy())
    assert advice.proposals[0].added.records == 2670
    assert advice.proposals[0].counted == Counted(-RULE, None, 267_000)
    guests.loads = (load("connect", 100), load("files", 300))
    advice = counted_advice(parsed(tmp_path, NET), noisy())
    assert advice.together == Counted(-RULE, None, 2670 * 200)


def test_what_could_not_be_counted_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Guests(monkeypatch, failing=["with proposal 0"])
    advice = counted_advice(parsed(tmp_path, NET), noisy())
    assert advice.proposals[0].counted == Counted(None)
    assert advice.together == Counted(-RULE)
    assert not advice.trustworthy
    assert advice.cautions[0].name == INVALID_TRIALS
