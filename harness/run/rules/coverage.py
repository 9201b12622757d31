"""What a guest said of operations and records, as what each rule file sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.counted import counted
from harness.guest.operations.catalog import GROUPS
from harness.guest.operations.entries import ENTRIES, RING
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import Rule, key_words
from harness.kernel.rules.tagged import hiding, place_of
from harness.model.caution import Caution
from harness.model.cover import Coverage, Covered, RuleAt, Seen
from harness.model.stored.environment import StoredGuest
from harness.plain import plain
from harness.run.counted_facts import greeted

Key = tuple[str, str]
"""An operation's name and its entry."""


@dataclass(frozen=True, slots=True)
class Pass:
    """All operations once, or those that an earlier pass did not see: under rules, by a login.

    `file` is the file's place, None for rules that record everything. `after` is the earlier pass.
    """

    file: int | None
    rules: tuple[Rule, ...]
    login: str
    hidden: bool = False
    after: int | None = None


@dataclass(slots=True)
class _Said:
    """What came of one file with one login: plainly, and with nothing held back."""

    plain: dict[Key, dict[str, Any]] = field(default_factory=dict)
    unhidden: dict[Key, dict[str, Any]] = field(default_factory=dict)


def make_coverage(
    files: Sequence[Sequence[LoadedRule]],
    passes: Sequence[Pass],
    answers: Sequence[Mapping[str, Any]],
    guest: StoredGuest,
) -> Coverage:
    """The answers of a guest as coverage; `passes` are what it was told to do, in order."""
    said, ever = _sorted(passes, answers)
    logins = tuple(dict.fromkeys(each.login for each in passes if each.file is not None))
    rows = []
    for group, operations in GROUPS.items():
        for name in (operation.name for operation in operations):
            for entry in ENTRIES:
                for login in logins:
                    seen = tuple(
                        _seen(said[place, login], (name, entry), rules, ever)
                        for place, rules in enumerate(files)
                    )
                    if all(each is not None for each in seen):
                        rows.append(Covered(group, name, entry, login,
                                            tuple(each for each in seen if each)))  # fmt: skip
    return Coverage(
        files=tuple(", ".join(dict.fromkeys(rule.place.file for rule in rules)) for rules in files),
        rules=tuple(tuple(map(rule_at, rules)) for rules in files),
        rows=tuple(rows),
        logins=logins,
        guest=greeted(guest, answers),
        cautions=(*_cautions(files, passes, answers), *_not_made(rows)),
    )


def rule_at(rule: LoadedRule) -> RuleAt:
    """A rule with its place, as results name it."""
    return RuleAt(rule.place.file, rule.place.line, rule.text, key_words(rule.view.key))


def _sorted(
    passes: Sequence[Pass], answers: Sequence[Mapping[str, Any]]
) -> tuple[dict[tuple[int, str], _Said], dict[Key, bool]]:
    said: dict[tuple[int, str], _Said] = {}
    ever: dict[Key, bool] = {}
    for answer in answers:
        if answer["event"] != "covered":
            continue
        each = passes[answer["index"]]
        results = {(result["name"], result["entry"]): result for result in answer["results"]}
        if each.file is None:
            ever = {key: result["recorded"] for key, result in results.items()}
            continue
        own = said.setdefault((each.file, each.login), _Said())
        if each.hidden:
            own.unhidden = results
        else:
            own.plain = results
    return said, ever


def _seen(
    said: _Said, key: Key, rules: Sequence[LoadedRule], ever: Mapping[Key, bool]
) -> Seen | None:
    """What came of an operation under one file; None where it was not done."""
    result = said.plain.get(key)
    if result is None or result["error"] is None:
        return None if result is None else Seen("not-made", note=result["note"])
    if result["recorded"]:
        seen = Seen("recorded", place_of(result["key"]))
    elif key[1] == RING and not ever.get(key, True):
        seen = Seen("impossible")
    else:
        seen = _kept_back(said.unhidden.get(key), rules)
    return replace(seen, error=result["error"])


def _kept_back(hidden: Mapping[str, Any] | None, rules: Sequence[LoadedRule]) -> Seen:
    """Which rule kept an operation back, by what was recorded of it when none did."""
    if hidden is None or not hidden["recorded"]:
        return Seen("none")
    alone = hiding([rule.view.rule for rule in rules])
    tag = place_of(hidden["key"])
    if tag is not None and not rules[tag].view.records:
        return Seen("kept-back", tag)
    return Seen("kept-back", alone[0] if len(alone) == 1 else None)


def _cautions(
    files: Sequence[Sequence[LoadedRule]],
    passes: Sequence[Pass],
    answers: Sequence[Mapping[str, Any]],
) -> Iterator[Caution]:
    for answer in answers:
        if answer["event"] == "entries":
            for entry, why in answer["missing"].items():
                if why:
                    yield Caution("no-entry", f"nothing was done by {entry}: {plain(why)}")
        if answer["event"] != "covered":
            continue
        each = passes[answer["index"]]
        if answer["lost"]:
            yield Caution("lost", "the guest lost records", "run it again")
        if each.file is None or each.hidden or each.login != passes[0].login:
            continue
        rules = files[each.file]
        for place, what in answer["refused"]:
            where = rules[place].place
            yield Caution("refused", f"{where}: the guest's kernel refused the rule: {plain(what)}")


def _not_made(rows: Sequence[Covered]) -> Iterator[Caution]:
    """Operations that could not be made, though the kernel has them."""
    failed = {
        f"{row.operation} by {row.entry}": seen.note
        for row in rows
        for seen in row.seen
        if seen.verdict == "not-made" and "no such operation" not in seen.note
    }
    if failed:
        first, note = next(iter(failed.items()))
        yield Caution(
            "not-made",
            f"{counted(len(failed), 'operation')} could not be made, {first}: {plain(note)}",
            "report it with the name of the kernel",
        )
