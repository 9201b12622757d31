"""A guest whose interpreter is another program: one file, and its usual path leads to it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.guest.contents import interpreter
from harness.guest.copied import copy_of, started_from
from harness.guest.cpio import file, write_archive
from harness.run.count import counted_plan
from harness.run.counted_trial import guest_trial
from harness.run.request import Load, Request, Subject


def test_the_interpreters_own_path_leads_to_the_copy() -> None:
    copy = copy_of("mysqld")
    assert copy.name == "mysqld"
    python = os.fsencode(interpreter())
    entries = started_from({python: file(b"python", 0o755)}, copy)
    assert entries[os.fsencode(copy)].data == b"python"
    assert stat.S_ISLNK(entries[python].mode)
    assert entries[python].data == os.fsencode(copy)
    write_archive(entries)


def test_python_finds_its_modules_from_the_copy() -> None:
    """It looks for `lib` beside the folder of the program."""
    copy = copy_of("mysqld")
    entries = started_from({os.fsencode(interpreter()): file(b"", 0o755)}, copy)
    lib = entries[os.fsencode(copy.parent.parent / "lib")]
    assert Path(os.fsdecode(lib.data)) == interpreter().parent.parent / "lib"


def test_the_rules_of_a_guest_exclude_the_copy() -> None:
    subject = Subject(exclude_exe="/opt/noisy/agent")
    plan = counted_plan(Request(subject=subject, load=Load(workloads=("connect",))))
    told = {c.scenario: guest_trial(plan, c, index) for index, c in enumerate(plan.cells())}
    state = told["rules+exclude-exe"].state
    assert state is not None
    copy = os.fsencode(copy_of("agent"))
    assert [rule for rule in state.rules if copy in rule]
    assert not [rule for rule in state.rules if b"/opt/noisy" in rule]
