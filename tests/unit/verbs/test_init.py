"""What `init` writes is what the pages show, runs as it is, and takes the place of nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from harness.cli import run_command
from harness.errors import EXIT_FINE, EXIT_USAGE, UsageError
from harness.files import tree
from harness.files.folder import Folder
from harness.files.tree import write_new_files
from harness.run.plan.plan import make_plan
from harness.verbs.init import STARTS, What
from tests.support.command import ROOT
from tests.support.requests import asked

EXAMPLE = ROOT / "docs/examples/rules-repository"
KINDS = get_args(What)


def all_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_kind_has_a_start() -> None:
    assert set(KINDS) == set(STARTS)


@pytest.mark.parametrize("what", KINDS)
def test_it_writes_into_the_folder_that_is_named(
    what: What, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["init", what, str(tmp_path / "new" / "folder")]) == 0
    assert all_files(tmp_path / "new" / "folder") == set(STARTS[what].files)
    said = capsys.readouterr().out
    assert [f"wrote {tmp_path / 'new/folder' / name}" for name in STARTS[what].files] == [
        line for line in said.splitlines() if line.startswith("wrote ")
    ]
    assert f"next: {STARTS[what].then[0]}" in said


def test_the_next_commands_work_where_they_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["init", "plan", "my plans", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["next"] == ["cd 'my plans'", *STARTS["plan"].then]
    assert (tmp_path / "my plans" / document["next"][1].split()[2]).is_file()
    assert run_command(["init", "plan"]) == 0
    assert "next: cd" not in capsys.readouterr().out


def test_the_present_folder_is_taken_if_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["init", "plan", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["written"] == ["my-plan.toml"]
    assert all_files(tmp_path) == {"my-plan.toml"}


def test_the_plan_can_be_run(tmp_path: Path) -> None:
    assert run_command(["init", "plan", str(tmp_path)]) == 0
    plan = make_plan(asked(plan=str(tmp_path / "my-plan.toml"), fast=True))
    assert plan.reference is not None
    assert {cell.workload for cell in plan.cells()} == {"udp", "shells"}
    assert {cell.scenario for cell in plan.cells()} > {"no-audit", "disabled", "no-rules", "rules"}


def test_the_rules_repository_is_the_one_that_the_pages_show(tmp_path: Path) -> None:
    """That one is run by tests/kernel/test_pytest_plugin_kernel.py and without root."""
    assert run_command(["init", "rules", str(tmp_path)]) == 0
    assert all_files(tmp_path) == all_files(EXAMPLE) - {
        name for name in all_files(EXAMPLE) if "__pycache__" in name or ".pytest_cache" in name
    }
    for name in STARTS["rules"].files:
        assert (tmp_path / name).read_text() == (EXAMPLE / name).read_text()


def test_its_rules_have_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["init", "rules", str(tmp_path)]) == 0
    assert run_command(["rules", "lint", str(tmp_path / "rules/base.rules"), "--elsewhere"]) == 0
    assert "error" not in capsys.readouterr().out.replace("0 errors", "")


def test_the_workflows_are_those_that_the_page_shows(tmp_path: Path) -> None:
    """tests/house/test_workflows.py holds them to their schema, the shell and our options, and
    tests/integration/verbs/test_init_ci_steps.py executes the steps of the counted one.
    """
    assert run_command(["init", "ci", str(tmp_path)]) == 0
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", page, re.S)
    for name in STARTS["ci"].files:
        assert (tmp_path / name).read_text() in shown


@pytest.mark.parametrize("what", KINDS)
def test_nothing_is_overwritten_and_then_nothing_is_written(
    what: What, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / STARTS[what].files[-1]
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_text("mine")
    assert run_command(["init", what, str(tmp_path)]) == EXIT_USAGE
    assert f"{there} exists, and nothing is overwritten" in capsys.readouterr().err
    assert all_files(tmp_path) == {STARTS[what].files[-1]}
    assert there.read_text() == "mine"


def test_several_files_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["init", "rules", str(tmp_path)]) == EXIT_FINE
    capsys.readouterr()
    assert run_command(["init", "rules", str(tmp_path)]) == EXIT_USAGE
    assert "test_rules.py exist, and nothing is overwritten" in capsys.readouterr().err


def test_a_link_is_not_followed_where_a_file_is_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my-plan.toml").symlink_to(tmp_path / "elsewhere")
    assert run_command(["init", "plan", str(tmp_path)]) == EXIT_USAGE
    assert "exists, and nothing is overwritten" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_is_not_followed_where_a_folder_is_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/rules").symlink_to(tmp_path / "elsewhere")
    assert run_command(["init", "rules", str(tmp_path / "here")]) == EXIT_USAGE
    assert "here/rules is a link, which may lead anywhere" in capsys.readouterr().err
    assert all_files(tmp_path) == set()


def test_a_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Folder):
        def create(self, name: str, flags: int = 0) -> int:
            if name == "last":
                raise OSError(28, "No space left on device")
            return super().create(name, flags)

    monkeypatch.setattr(tree, "Folder", Full)
    with pytest.raises(UsageError, match=r"c/last cannot be written \(No space.*so nothing was"):
        write_new_files(tmp_path / "new", {"first": "1", "a/b/second": "2", "c/last": "3"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    assert run_command(["init", "plan", str(tmp_path / "file")]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert len(said.splitlines()) == 1


def test_another_kind_is_answered_with_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["init", "plans"]) == EXIT_USAGE
    assert 'Did you mean "plan"?' in capsys.readouterr().err
