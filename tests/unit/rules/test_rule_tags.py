"""Rules with keys of their own: alike but for the key, and what is kept back made visible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.kernel.rules.fields import Action, Field, FilterList
from harness.kernel.rules.lint.parsed import parse_source
from harness.kernel.rules.lint.source import read_source
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.tagged import (
    hides_anything,
    hiding,
    place_of,
    tag_of,
    tagged,
    unhidden,
)


def rules(folder: Path, *lines: str) -> list[Rule]:
    """The rules of these lines, in the kernel's order."""
    file = folder / "some.rules"
    file.write_text("".join(f"{line}\n" for line in lines))
    return [each.view.rule for each in parse_source(read_source(file), elsewhere=True).rules]


def keys(found: list[Rule]) -> list[list[bytes]]:
    return [[f.text for f in rule.fields if f.field == Field.FILTERKEY] for rule in found]


def test_each_rule_has_one_key_of_its_own_and_nothing_else_changes(tmp_path: Path) -> None:
    given = rules(
        tmp_path,
        "-a always,exit -F arch=b64 -S mount -k a -k b",
        "-a always,exit -F arch=b64 -S umount2 -F uid=0",
        "-w /etc/passwd -p wa -k a",
    )
    found = tagged(given)
    assert keys(found) == [[tag_of(place).encode()] for place in range(3)]
    for before, after in zip(given, found, strict=True):
        bare = tuple(field for field in before.fields if field.field != Field.FILTERKEY)
        assert replace(after, fields=after.fields[:-1]) == replace(before, fields=bare)


def test_lists_without_keys_stay_as_they_are(tmp_path: Path) -> None:
    given = rules(tmp_path, "-a never,task -F uid=7", "-a always,exclude -F msgtype=CWD")
    assert tagged(given) == given


def test_what_is_kept_back_records_and_what_hides_alone_is_left_out(tmp_path: Path) -> None:
    given = rules(
        tmp_path,
        "-a never,exit -F arch=b64 -S mount",
        "-a always,exit -F arch=b64 -S mount -k a",
        "-a never,task -F uid=7",
        "-a always,exclude -F msgtype=SYSCALL",
    )
    assert hides_anything(given)
    lists = [given[place].filter_list for place in hiding(given)]
    assert lists == [FilterList.TASK, FilterList.EXCLUDE]
    found = unhidden(given)
    assert {rule.action for rule in found} == {Action.ALWAYS}
    never = (Action.NEVER, FilterList.EXIT)
    first = [(rule.action, rule.filter_list) for rule in given].index(never)
    assert [tag_of(first).encode()] in keys(found), "its place is that in the file"


def test_a_tag_is_read_back_and_no_other_key_is_one() -> None:
    assert place_of(tag_of(12)) == 12
    assert place_of("12") is None
    assert place_of(None) is None
    assert place_of("auditbench-x") is None
