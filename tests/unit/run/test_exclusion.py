"""The program that is excluded: which paths can be one, and what takes its place in the rules."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.format import format_listing
from harness.kernel.rules.rule import Rule
from harness.model.run import Cell, Scenario
from harness.run.plan.document import plan_document
from harness.run.plan.exclusion import ExcludedProgram, excluded_program
from harness.run.plan.plan import Plan, make_plan
from tests.support.requests import asked
from workloads.catalog import WORKLOADS

PROGRAM = "/opt/none/sbin/mysqld"
"""Neither it nor its folder exists here."""
COPY = Path("/var/tmp/auditbench-0000_abc/bin/mysqld")
RULES = f"""\
-a never,exclude -F exe={PROGRAM}
-a always,exit -F arch=b64 -S connect -F exe={PROGRAM}
-a always,exit -F arch=b64 -S bind -F exe!={PROGRAM}
-a always,exit -F arch=b64 -S accept -F exe=/usr/mysqld
-w /usr/mysqld -p x -k {PROGRAM}
"""


def of_loads(path: str, names: Iterable[str], options: dict[str, str]) -> ExcludedProgram:
    """The program at a path for workloads of the catalog."""
    return excluded_program(path, {name: WORKLOADS[name] for name in names}, options)


def plan_of(folder: Path, rules: str = RULES, **wanted: object) -> Plan:
    path = folder / "mine.rules"
    path.write_text(rules, encoding="utf-8")
    words = {"seed": 1, "rule_files": (path,), "workloads": ("udp",), "exclude_exe": PROGRAM}
    return make_plan(asked(**words | wanted))  # type: ignore[arg-type]


def scenario(plan: Plan, name: str, workload: str = "udp") -> Scenario:
    return plan.scenario_of(Cell(workload, name, "assemble"))


def in_kernel(plan: Plan, name: str, workload: str = "udp") -> list[str]:
    """The rules of a scenario as they are loaded."""
    return format_listing(map(Rule.from_bytes, scenario(plan, name, workload).rules))


def test_the_copy_takes_the_place_of_exactly_this_program(tmp_path: Path) -> None:
    plan = plan_of(tmp_path).run_from(COPY)
    assert [rule.replace("exe!=", "exe=") for rule in in_kernel(plan, "mine")] == [
        f"-a always,exit -F arch=b64 -S connect -F exe={COPY}",
        f"-a always,exit -F arch=b64 -S bind -F exe={COPY}",
        "-a always,exit -F arch=b64 -S accept -F exe=/usr/mysqld",
        f"-w /usr/mysqld -p x -k {PROGRAM}",
        f"-a never,exclude -F exe={COPY}",
    ]
    operators = [
        field.op
        for payload in scenario(plan, "mine").rules
        for field in Rule.from_bytes(payload).fields
    ]
    before = [
        field.op
        for payload in scenario(plan_of(tmp_path), "mine").rules
        for field in Rule.from_bytes(payload).fields
    ]
    assert operators == before, "an exe!= stays one"


def test_the_copy_is_in_the_exclusions_and_the_text_stays_the_users(tmp_path: Path) -> None:
    named = plan_of(tmp_path)
    plan = named.run_from(COPY)
    for suffix in ("+exclude-exe", "+exclude-call"):
        assert in_kernel(plan, "mine" + suffix)[0].endswith(f"-F exe={COPY}")
        assert scenario(plan, "mine" + suffix).rule_text[0].endswith(f"-F exe={PROGRAM}")
    assert scenario(plan, "mine").rule_text == scenario(named, "mine").rule_text
    built_in = plan_of(tmp_path, scenarios=("rules", "rules+exclude-exe")).run_from(COPY)
    assert in_kernel(built_in, "rules+exclude-exe")[0] == f"-a never,exit -S all -F exe={COPY}"


def test_the_plan_says_what_was_replaced_by_what(tmp_path: Path) -> None:
    plan = plan_of(tmp_path).run_from(COPY)
    assert plan_document(plan)["excluded_program"] == {
        "path": PROGRAM,
        "copy": str(COPY),
        "workloads": ["udp"],
    }
    assert plan.executable_of("udp") == str(COPY)
    assert (
        plan_document(plan_of(tmp_path, exclude_exe=None, rules="-D\n"))["excluded_program"] is None
    )


def test_without_a_named_program_nothing_is_replaced(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, rules="-D\n", exclude_exe=None)
    assert plan.run_from(COPY) == plan
    assert plan.executable_of("udp") is None


def test_states_of_a_fresh_boot_run_from_the_copy_too() -> None:
    plan = make_plan(asked(seed=1, workloads=("udp",), exclude_exe=PROGRAM)).run_from(COPY)
    first = plan.with_first()
    assert first.scenarios["udp"][0].name == "never-enabled"
    assert first.executable_of("udp") == str(COPY)


def test_the_program_need_not_exist_here_but_others_must(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert not any(PROGRAM in note for note in scenario(plan, "mine").notes)
    for exclude_exe in (None, "/opt/none/sbin/other"):
        with pytest.raises(UsageError, match="mysqld does not exist"):
            plan_of(tmp_path, exclude_exe=exclude_exe)


def test_a_missing_program_in_a_folder_that_exists_is_no_trap(tmp_path: Path) -> None:
    missing = f"{tmp_path}/mysqld"
    rules = f"-a always,exit -F arch=b64 -S connect -F exe={missing}\n"
    notes = scenario(plan_of(tmp_path, rules, exclude_exe=missing), "mine").notes
    assert notes == ()
    (note,) = scenario(plan_of(tmp_path, rules, exclude_exe=PROGRAM), "mine").notes
    assert "does not exist here" in note


@pytest.mark.parametrize(
    "wanted",
    [{"scenarios": ("no-rules",)}, {"plan": "pressure"}, {"plan": "replay"}],
    ids=str,
)
def test_an_exclusion_of_nothing_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="nothing that is to be measured excludes it"):
        make_plan(asked(**{"seed": 1, "exclude_exe": PROGRAM} | wanted))  # type: ignore[arg-type]


def test_a_part_of_a_run_needs_no_exclusion(tmp_path: Path) -> None:
    whole = plan_of(tmp_path)
    references = ("no-audit", "no-audit-aa")
    part = whole.narrowed(workloads=("udp",), scenarios=references, consumers=whole.consumers)
    plan = part.run_from(COPY)
    assert plan.executable_of("udp") == str(COPY), "as in the run that it is a part of"


def test_a_file_that_has_the_exclusion_already_has_it_once(tmp_path: Path) -> None:
    own = f"-a never,exit -S all -F exe={PROGRAM}"
    plan = plan_of(tmp_path, f"-a always,exit -F arch=b64 -S connect\n{own}\n")
    assert scenario(plan, "mine").rule_text[1] == own
    assert scenario(plan, "mine+exclude-exe").rule_text == (
        own,
        "-a always,exit -F arch=b64 -S connect",
    )
    assert len(scenario(plan, "mine+exclude-call").rules) == 3


@pytest.mark.parametrize("name", ["my sqld", "my\\sqld", "{noisy}", "{exe}", "a=b -F uid=0", "é"])
def test_any_name_that_a_file_can_have_is_one_path(tmp_path: Path, name: str) -> None:
    program = f"/opt/none/{name}"
    plan = plan_of(tmp_path, "-D\n", exclude_exe=program)
    for suffix in ("+exclude-exe", "+exclude-call"):
        payload = scenario(plan, "mine" + suffix).rules[0]
        assert os.fsencode(program) in [f.value for f in Rule.from_bytes(payload).fields]
        assert in_kernel(plan.run_from(COPY), "mine" + suffix)[0].endswith(f"exe={COPY}")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "not the whole path"),
        ("mysqld", "not the whole path"),
        ("/usr/sbin/", "not the whole path"),
        ("/usr/sbin/..", "not the whole path"),
        ("/usr/sbin/my\nsqld", "characters"),
        ("/usr/sbin/\udce9", "characters"),
        ("/" + "x" * 256, "too long"),
        ("/" + "x/" * 2048 + "x", "too long"),
        ("/dev/null", "not a program"),
        ("/proc/self", "symbolic link"),
        ("/proc", "not a program"),
    ],
)
def test_what_is_no_program(path: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        make_plan(asked(seed=1, exclude_exe=path))
    assert str(caught.value).isprintable()
    assert caught.value.remedy


def test_what_never_is_an_exe_is_refused_with_what_is(tmp_path: Path) -> None:
    real, link, script = (tmp_path / name for name in ("real", "link", "script"))
    real.write_bytes(b"\x7fELF")
    link.symlink_to(real)
    script.write_text("#!/bin/sh\n")
    assert of_loads(str(real), ["udp"], {}).workloads == ("udp",)
    with pytest.raises(UsageError, match=f"give --exclude-exe {real}"):
        of_loads(str(link), ["udp"], {})
    with pytest.raises(UsageError, match="is a script"):
        of_loads(str(script), ["udp"], {})


def program_in(folder: Path) -> Path:
    path = folder / "started"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    return path


def test_a_load_that_starts_the_program_needs_no_copy() -> None:
    shell = os.path.realpath("/bin/sh")
    loads = ["shells", "udp", "mixed", "osquery-stress", "files"]
    assert of_loads(shell, loads, {}).workloads == ("udp", "files")
    assert of_loads(PROGRAM, loads, {}).workloads == tuple(loads)


def test_a_program_of_the_users_may_start_it(tmp_path: Path) -> None:
    program = str(program_in(tmp_path))
    options = {"program": "/usr/bin/make"}
    assert of_loads(program, ["shells", "udp"], options).workloads == ("udp",)
    assert of_loads(program, ["command"], {}).workloads == ()
    # What is not on this host is started by nothing, and the kernel might refuse its path.
    assert of_loads(PROGRAM, ["shells"], options).workloads == ("shells",)
    assert of_loads(PROGRAM, ["command"], {}).workloads == ("command",)


def test_rules_stay_as_they_are_where_the_program_itself_is_started(tmp_path: Path) -> None:
    program = str(program_in(tmp_path))
    plan = plan_of(
        tmp_path,
        "-D\n",
        exclude_exe=program,
        workloads=("shells", "udp"),
        workload_options={"program": program},
    ).run_from(COPY)
    assert in_kernel(plan, "mine+exclude-exe", "shells")[0].endswith(f"exe={program}")
    assert in_kernel(plan, "mine+exclude-exe", "udp")[0].endswith(f"exe={COPY}")
    assert plan.executable_of("shells") is None


def test_two_exclusions_of_a_file_are_told_apart(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    told = [scenario(plan, f"mine+exclude-{which}").summary for which in ("exe", "call")]
    assert told == [
        f"the rules of {tmp_path}/mine.rules, after an exclusion of {PROGRAM} {calls}"
        for calls in ("from all system calls", "from connect only")
    ]
