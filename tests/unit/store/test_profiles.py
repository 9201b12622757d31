"""Profiles on the disk: beside the samples, bounded, and checked as they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.model.stored import profile
from harness.model.stored.profile import MOST_FRAMES, kept_stacks
from harness.store import PROFILES, ResumedWriter, load_run, profiles
from harness.store.remove import remove_run
from tests.support.stored.altered_fields import HOSTILE
from tests.support.stored.profiled_runs import AUDITED, QUIET, profile_of, write_profiled_run
from tests.support.stored.two_runs import write_run


def document() -> dict[str, Any]:
    return profile_of("rules", AUDITED).document()


def why_refused(folder: Path) -> str | None:
    try:
        load_run(folder)
    except UsageError as error:
        return error.one_line()
    return None


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    stored = write_profiled_run(tmp_path / "h-1" / "r")
    assert [each.scenario for each in stored.profiles] == ["no-audit", "rules"]
    assert stored.profiles[1] == profile_of("rules", AUDITED)
    assert stored.profiles[1].frames[("load", "[user]")] == 200


def test_they_are_none_of_the_samples(tmp_path: Path) -> None:
    write_run(tmp_path / "h-1" / "r")
    before = load_run(tmp_path / "h-1" / "r")
    stored = write_profiled_run(tmp_path / "h-1" / "s")
    assert stored.samples == before.samples
    assert before.profiles == ()


def test_the_last_line_of_a_cell_counts_and_one_cut_short_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "h-1" / "r"
    write_profiled_run(folder, [profile_of("rules", QUIET), profile_of("no-audit", QUIET)])
    with ResumedWriter(folder) as writer:
        writer.append_profile(profile_of("rules", AUDITED))
    with (folder / PROFILES).open("ab") as file:
        file.write(b'{"workload": "udp", "scen')
    found = load_run(folder).profiles
    assert [each.scenario for each in found] == ["no-audit", "rules"]
    assert found[1].frames.total() == sum(AUDITED.values())


@pytest.mark.parametrize("field", [*document(), "stacks.0", "stacks.0.0", "stacks.0.1"])
def test_hostile_values_are_refused_in_one_line(tmp_path: Path, field: str) -> None:
    folder = write_run(tmp_path / "h-1" / "r", blocks=1)
    for value in HOSTILE:
        changed = json.loads(json.dumps(document()))
        at: Any = changed
        *way, last = [int(word) if word.isdecimal() else word for word in field.split(".")]
        for step in way:
            at = at[step]
        at[last] = value
        (folder / PROFILES).write_text(json.dumps(changed) + "\n", encoding="utf-8")
        if (refused := why_refused(folder)) is None:
            assert isinstance(load_run(folder).profiles[0].frames.total(), int)
        else:
            assert "\n" not in refused
            assert PROFILES in refused


@pytest.mark.parametrize(
    "stack",
    [
        "load",
        "load;",
        "load;;a",
        ";a",
        "others;a",
        "load;a b",
        "load;a\n",
        "load;\x1b[31m",
        "load;\u202ea",
        "load;" + "a" * 201,
        "load" + ";a" * (MOST_FRAMES + 1),
    ],
)
def test_stacks_that_nobody_sampled_are_refused(tmp_path: Path, stack: str) -> None:
    folder = write_run(tmp_path / "h-1" / "r", blocks=1)
    line = json.dumps({**document(), "stacks": [[stack, 1]]})
    (folder / PROFILES).write_text(line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"profiles.jsonl:1 is damaged"):
        load_run(folder)


@pytest.mark.parametrize("text", ["\n", "[" * 100_000 + "\n", "\udcff\n", "{}\n"])
def test_what_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    folder = write_run(tmp_path / "h-1" / "r", blocks=1)
    (folder / PROFILES).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=PROFILES):
        load_run(folder)


def test_too_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "h-1" / "r"
    write_profiled_run(folder)
    monkeypatch.setattr(profiles, "MOST_PROFILES", 1)
    with pytest.raises(UsageError, match="too many profiles"):
        load_run(folder)
    monkeypatch.setattr(profiles, "MOST_BYTES", 10)
    with pytest.raises(UsageError, match="larger than"):
        load_run(folder)


def test_another_schema_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "h-1" / "r", blocks=1)
    (folder / PROFILES).write_text(json.dumps({**document(), "schema": 9}) + "\n")
    with pytest.raises(UsageError, match="has schema 9, this version reads 1"):
        load_run(folder)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "h-1" / "r", blocks=1)
    (tmp_path / "other").write_text("mine")
    (folder / PROFILES).symlink_to(tmp_path / "other")
    with ResumedWriter(folder) as writer, pytest.raises(UsageError, match="cannot be written"):
        writer.append_profile(profile_of("rules", AUDITED))
    assert (tmp_path / "other").read_text() == "mine"


def test_they_are_removed_with_their_run(tmp_path: Path) -> None:
    write_profiled_run(tmp_path / "h-1" / "r")
    assert remove_run(tmp_path / "h-1" / "r", tmp_path).left == ()
    assert not (tmp_path / "h-1" / "r").exists()


def test_what_is_stored_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = {("load", f"f{number}"): number for number in range(1, 6)}
    assert kept_stacks(frames)[0][0] == ("load;f5", 5)
    monkeypatch.setattr(profile, "MOST_STACKS", 2)
    assert kept_stacks(frames) == ((("load;f5", 5), ("load;f4", 4)), 6)
    monkeypatch.setattr(profile, "MOST_LETTERS", 8)
    assert kept_stacks(frames) == ((("load;f5", 5),), 10)
    deep = {("load", *("a" * 200,) * 400, "x"): 1, ("load", *("a" * 200,) * 400, "y"): 2}
    monkeypatch.undo()
    ((stack, samples),), left_out = kept_stacks(deep)
    assert (samples, left_out) == (3, 0)
    assert stack.count(";") == MOST_FRAMES
