"""The program that `--exclude-exe` names, and what stands for it while the load runs.

The load is not that program: a rule that excludes it would match nothing. So the load runs from a
copy of its interpreter, called by the program's name, and `exe=` of the program in the rules of all
cells is replaced by the path of the copy. For a load that starts the program itself they stay.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.files.reading import open_to_read
from harness.kernel.rules.fields import NAME_MAX, PATH_MAX, Field
from harness.kernel.rules.rule import Rule
from harness.model.run import Scenario
from harness.plain import plain
from workloads.catalog import WorkloadInfo
from workloads.running.programs import shell_path

Scenarios = tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class ExcludedProgram:
    """The program of `--exclude-exe`.

    `workloads` are those whose load runs from `copy` in its place; for the others the rules are
    about the program itself. `copy` is the path of the copy, empty until it exists.
    """

    path: str
    workloads: tuple[str, ...]
    copy: str = ""

    @property
    def name(self) -> str:
        """The program's name without its folder."""
        return self.path.rpartition("/")[2]

    def copied_to(self, copy: Path) -> ExcludedProgram:
        """The same with its copy."""
        return replace(self, copy=str(copy))

    def in_rules(self, scenario: Scenario) -> Scenario:
        """The scenario with the copy in place of the program wherever a rule names it by exe.

        The text of the rules stays as the user wrote it.
        """
        program, copy = os.fsencode(self.path), os.fsencode(self.copy)
        rules = tuple(_with_program(payload, program, copy) for payload in scenario.rules)
        return replace(scenario, rules=rules)

    def in_cells(self, scenarios: Mapping[str, Scenarios]) -> dict[str, Scenarios]:
        """The scenarios by workload, with the copy in the rules of those that run from it."""
        return {
            workload: tuple(map(self.in_rules, group)) if workload in self.workloads else group
            for workload, group in scenarios.items()
        }

    def require_use(self, scenarios: Iterable[Scenario]) -> None:
        """UsageError if no rule of these scenarios names the program by exe."""
        program = (Field.EXE, os.fsencode(self.path))
        payloads = (payload for scenario in scenarios for payload in scenario.rules)
        fields = (field for payload in payloads for field in Rule.from_bytes(payload).fields)
        if program not in ((field.field, field.value) for field in fields):
            raise UsageError(
                f"--exclude-exe {self.path}: nothing that is to be measured excludes it",
                remedy="give --rules FILE, or --scenario rules rules+exclude-exe",
            )

    def document(self) -> dict[str, Any]:
        """As stored with the plan."""
        return {"path": self.path, "copy": self.copy, "workloads": list(self.workloads)}


def _with_program(payload: bytes, program: bytes, copy: bytes) -> bytes:
    rule = Rule.from_bytes(payload)
    fields = tuple(
        replace(field, value=copy) if (field.field, field.value) == (Field.EXE, program) else field
        for field in rule.fields
    )
    return replace(rule, fields=fields).to_bytes()


def excluded_program(
    path: str, workloads: Mapping[str, WorkloadInfo], options: Mapping[str, str]
) -> ExcludedProgram:
    """The program at `path`, for these workloads with their options. Services run as they are.

    UsageError if no program runs under this path. It need not exist on this host.
    """
    _refuse_impossible(path)
    status = _status(path)
    if status is not None:
        _refuse_other_than_program(path, status)
    from_copy = [
        workload
        for workload, info in workloads.items()
        if "service" not in info.options
        and (status is None or not _may_start(info, options, status))
    ]
    return ExcludedProgram(path, tuple(from_copy))


def _refuse_impossible(path: str) -> None:
    name = path.rpartition("/")[2]
    if not path.startswith("/") or name in ("", ".", ".."):
        raise UsageError(
            f"--exclude-exe {plain(path)!r} is not the whole path of a program",
            remedy="give the path from / to the program's name, as the rule needs it",
        )
    if not path.isprintable():
        raise UsageError(
            f"--exclude-exe {plain(path)!r} holds characters that no rule file can",
            remedy="correct the path",
        )
    if len(os.fsencode(path)) >= PATH_MAX or len(os.fsencode(name)) > NAME_MAX:
        raise UsageError(
            f"--exclude-exe {path[:40]}… is too long",
            remedy=f"a path has at most {PATH_MAX - 1} bytes, its last part {NAME_MAX}",
        )


def _status(path: str) -> os.stat_result | None:
    """What is at the path on this host, a link not followed; None if nothing can be seen there."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def _refuse_other_than_program(path: str, status: os.stat_result) -> None:
    """Refuse what no process ever has as its exe, so that the rule would never match."""
    if stat.S_ISLNK(status.st_mode):
        target = plain(os.path.realpath(path))
        raise UsageError(
            f"--exclude-exe {path} is a symbolic link, and no program ever runs as one",
            remedy=f"give --exclude-exe {target}, in the rule file too",
        )
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(
            f"--exclude-exe {path} is not a program", remedy="name the file that is executed"
        )
    if _is_script(path):
        raise UsageError(
            f"--exclude-exe {path} is a script, and exe is the interpreter that runs it",
            remedy="name the interpreter; its exclusion is one of all its scripts",
        )


def _is_script(path: str) -> bool:
    try:
        descriptor = open_to_read(Path(path), named=True)
    except OSError:
        return False
    try:
        return os.read(descriptor, 2) == b"#!"
    finally:
        os.close(descriptor)


def _may_start(info: WorkloadInfo, options: Mapping[str, str], program: os.stat_result) -> bool:
    """Whether the load starts this very program. One of the user's may start whatever is here."""
    if info.name == "command" or ("program" in info.options and options.get("program")):
        return True
    if not info.yields.get("execve"):
        return False
    try:
        return os.path.samestat(program, os.stat(shell_path()))  # noqa: PTH116
    except OSError:
        return False
