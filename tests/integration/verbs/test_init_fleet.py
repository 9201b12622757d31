"""The playbook that `init fleet` writes, without Ansible: what it would start, fetch, and refuse.

Its expressions are evaluated by Jinja itself, with the filters of Ansible that they use.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jinja2.nativetypes import NativeEnvironment
from ruamel.yaml import YAML

from harness.cli import app, run_command
from harness.files.caller import caller
from harness.store import ENVIRONMENT, PLAN, PROFILES, SAMPLES
from tests.support.command import ROOT
from tests.support.stored.two_runs import write_run

DERIVED = {"is_wheel", "there", "auditbench", "with_rules", "with_borrow"}
"""What the play works out of the settings."""
RUN = "2026-11-01T120000Z-overhead"
JINJA = NativeEnvironment()
JINJA.filters |= {
    "basename": lambda path: PurePosixPath(path).name,
    "dirname": lambda path: str(PurePosixPath(path).parent),
    "bool": lambda value: str(value).lower() in ("1", "true", "yes"),
}
JINJA.tests["match"] = lambda text, pattern: re.match(pattern, text) is not None


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """The folder with what was written."""
    assert run_command(["init", "fleet", str(tmp_path / "fleet")]) == 0
    return tmp_path / "fleet"


@pytest.fixture
def play(fleet: Path) -> dict[str, Any]:
    """The play, with the variables of the inventory among its own."""
    (play,) = YAML(typ="safe").load((fleet / "fleet.yml").read_text())
    return {**play, "vars": play["vars"] | group(fleet)["vars"]}


def group(fleet: Path) -> dict[str, Any]:
    """The one group of the inventory."""
    inventory = YAML(typ="safe").load((fleet / "inventory.yml").read_text())
    assert list(inventory) == ["audited"]
    return dict(inventory["audited"])


def tasks(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every task, those of blocks as well."""
    for task in found:
        if "block" in task:
            yield from tasks([*task["block"], *task["always"]])
        else:
            yield task


def task(play: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (each for each in tasks(play["tasks"]) if each["name"] == name)
    return found


def values(play: dict[str, Any], host: str, fleet: Path, **more: Any) -> dict[str, Any]:
    """The variables of the play for a host, in plain values."""
    known = {"playbook_dir": str(fleet), "inventory_hostname": host, **play["vars"], **more}
    while any("{{" in value for value in known.values() if isinstance(value, str)):
        for name, value in known.items():
            if isinstance(value, str) and "{{" in value:
                known[name] = JINJA.from_string(value).render(known)
    return known


def evaluated(text: str, known: dict[str, Any]) -> Any:
    return JINJA.from_string(text.strip()).render(known)


def words(play: dict[str, Any], fleet: Path, **more: Any) -> list[str]:
    """What is started on a host."""
    argv = task(play, "Measure")["ansible.builtin.command"]["argv"]
    return list(evaluated(argv, values(play, "web1", fleet, **more)))


def test_hosts_can_have_settings_of_their_own(play: dict[str, Any], fleet: Path) -> None:
    """A variable of the play would beat that of a host, and leave no way to name another."""
    assert play["hosts"] == "audited"
    assert list(group(fleet)["hosts"]) == ["web1", "db1"]
    (written,) = YAML(typ="safe").load((fleet / "fleet.yml").read_text())
    assert set(written["vars"]) == DERIVED
    for name in group(fleet)["vars"]:
        assert re.search(rf"\b{name}\b", (fleet / "fleet.yml").read_text()), name


def test_ansible_core_alone_has_its_modules(play: dict[str, Any]) -> None:
    modules = {key for each in tasks(play["tasks"]) for key in each if "." in key}
    assert modules == {
        f"ansible.builtin.{name}" for name in ("command", "copy", "fetch", "file", "find")
    }


@pytest.mark.parametrize(
    ("more", "added"),
    [
        ({}, []),
        ({"borrow": "true"}, ["--borrow"]),
        ({"rules": "a.rules"}, ["--rules", "/opt/auditbench-fleet/fleet.rules", "--skip-missing"]),
    ],
)
def test_it_starts_a_run_that_ends_with_options_that_there_are(
    play: dict[str, Any], fleet: Path, more: dict[str, Any], added: list[str]
) -> None:
    said = words(play, fleet, **more)
    assert said[:3] == ["timeout", "--kill-after=60", "15m"]
    assert said[3:7] == ["/opt/auditbench-fleet/auditbench-linux-x86_64", "run", "--label", "web1"]
    assert "--max-time" in said
    assert said[len(said) - len(added) :] == added
    assert ("--borrow" in said) == ("borrow" in more)
    app.parse_args(said[4:], exit_on_error=False, print_error=False)


def test_a_wheel_is_installed_and_one_file_is_not(play: dict[str, Any], fleet: Path) -> None:
    wheel = "dist/auditbench-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    assert words(play, fleet, program=wheel)[3] == "/opt/auditbench-fleet/venv/bin/auditbench"
    for name in ("Make an environment for the wheel", "Install the wheel"):
        assert task(play, name)["when"] == "is_wheel"
    assert values(play, "web1", fleet)["is_wheel"] is False
    known = values(play, "web1", fleet, program=wheel)
    assert known["is_wheel"] is True
    assert known["there"] == f"/opt/auditbench-fleet/{Path(wheel).name}"


def test_root_works_in_its_own_folder_though_sudo_was_called(
    play: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible calls `sudo ... /bin/sh -c ...`; the caller may not enter the folder."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    sudo = {"SUDO_UID": "4242", "SUDO_GID": "4242", "SUDO_COMMAND": "/bin/sh -c echo x"}
    for name, value in sudo.items():
        monkeypatch.setenv(name, value)
    assert caller() is not None
    for name, value in task(play, "Measure")["environment"].items():
        monkeypatch.setenv(name, value)
    assert caller() is None


@pytest.mark.parametrize(
    ("code", "failed"), [(0, False), (1, True), (3, False), (4, True), (124, True)]
)
def test_only_what_was_measured_is_no_failure(
    play: dict[str, Any], code: int, failed: bool
) -> None:
    condition = task(play, "Measure")["failed_when"]
    assert evaluated("{{ " + condition + " }}", {"measured": {"rc": code}}) is failed


def test_all_files_of_a_run_come_home_even_after_a_failure(play: dict[str, Any]) -> None:
    (block,) = (each for each in play["tasks"] if "block" in each)
    assert [each["name"] for each in block["always"]] == [
        "Find the stored runs", "Bring them home",
    ]  # fmt: skip
    sought = task(play, "Find the stored runs")["ansible.builtin.find"]["patterns"]
    assert set(sought) == {PLAN, ENVIRONMENT, SAMPLES, PROFILES}


@pytest.mark.parametrize(
    ("folder", "taken"), [(RUN, True), ("..", False), (".", False), (".ssh", False)]
)
def test_a_host_cannot_choose_where_its_files_go(
    play: dict[str, Any], folder: str, taken: bool
) -> None:
    known = {"item": {"path": f"/opt/x/{folder}/{SAMPLES}"}}
    condition = task(play, "Bring them home")["when"]
    assert bool(evaluated("{{ " + condition + " }}", known)) is taken


def test_the_verbs_take_what_came_home(
    play: dict[str, Any],
    fleet: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As docs/fleet.md tells it, with the folders of two hosts whose machines are unlike."""
    fetch = task(play, "Bring them home")["ansible.builtin.fetch"]
    assert fetch["flat"] is True
    for seed, host in enumerate(("web1", "db1")):
        there = tmp_path / f"{host}-1a2b" / RUN
        facts = {"machine": f"{host}-1a2b", "kernel": {"release": f"6.{seed}.0"}}
        write_run(there, seed=seed, environment={"label": host, "facts": facts})
        for file in there.iterdir():
            known = values(play, host, fleet) | {"item": {"path": str(file)}}
            target = Path(evaluated(fetch["dest"], known))
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    monkeypatch.chdir(fleet)
    assert run_command(["list", "runs"]) == 0
    assert re.findall(r"@(\w+)", capsys.readouterr().out) == ["web1", "db1"]
    assert run_command(["report", "@web1", "@db1", "-o", "fleet.html"]) == 0
    page = (fleet / "fleet.html").read_text()
    assert "web1-1a2b" in page
    assert "db1-1a2b" in page
    capsys.readouterr()
    assert run_command(["compare", "@web1", "@db1"]) == 2
    assert "--allow machine,kernel" in capsys.readouterr().err
    assert run_command(["compare", "@web1", "@db1", "--allow", "machine,kernel"]) in (0, 1, 3)
    assert "machine web1-1a2b → db1-1a2b" in capsys.readouterr().out
    assert run_command(["history", "--machine", "web1"]) == 0
    assert "overhead on web1: 1 run" in capsys.readouterr().out


def test_the_page_tells_every_variable_with_its_default(play: dict[str, Any]) -> None:
    page = (ROOT / "docs/fleet.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", page, re.MULTILINE))
    assert set(rows) == play["vars"].keys() - DERIVED
    for name in ("program", "place"):
        assert rows[name] == f"`{play['vars'][name]}`"
    assert rows["measure"] == f"`{' '.join(play['vars']['measure'])}`"
    assert rows["borrow"] == "`false`"
    assert play["vars"]["borrow"] is False
