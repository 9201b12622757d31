"""Paths of rules against the files of this machine. What the kernel makes of them: tests/kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.checks.paths import path_refusals
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.warning import RuleWarning


def traps(*words: str) -> list[RuleWarning]:
    rule = parse_rule(["-a", "always,exit", *words]).rule
    assert rule is not None
    return rule_warnings(rule)


def refusals(*words: str) -> list[str]:
    rule = parse_rule(["-a", "always,exit", *words]).rule
    assert rule is not None
    return [warning.what.removeprefix("the kernel will refuse the rule: ") for warning
            in path_refusals(rule)]  # fmt: skip


def codes(*words: str) -> list[str]:
    return [warning.code for warning in traps(*words)]


@pytest.fixture
def real(tmp_path: Path) -> Path:
    file = tmp_path / "real"
    file.touch()
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to("none")
    return file


def test_a_program_that_is_a_link(real: Path) -> None:
    (warning,) = traps("-F", f"exe={real.parent / 'link'}")
    assert warning.code == "exe-symlink"
    assert warning.remedy == f"write exe={real}"
    assert codes("-F", f"exe={real}") == []
    # Links among the directories are followed by the kernel.
    assert codes("-F", f"exe={real.parent}/folder/real") == []


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    assert codes("-F", f"exe={tmp_path}/none") == ["exe-missing"]
    assert codes("-F", f"path={tmp_path}/none", "-F", "perm=x") == []


@pytest.mark.parametrize(
    ("field", "more", "unseen"),
    [
        ("path={}/link", ["-F", "perm=x"], "execution through it produces no event"),
        ("path={}/link", ["-F", "perm=rwxa"], "execution through it produces no event"),
        ("path={}/link", [], "execution through it produces no event"),
        ("dir={}/folder", ["-F", "perm=wa"], "what happens below it produces no event"),
        ("dir={}/link", [], "what happens below it produces no event"),
        ("dir={}/nowhere", [], "what happens below it produces no event"),
    ],
)
def test_a_watch_of_a_link_names_the_target(
    real: Path, field: str, more: list[str], unseen: str
) -> None:
    condition = field.format(real.parent)
    name, _, path = condition.partition("=")
    (warning,) = traps("-F", condition, *more)
    target = Path(path).resolve()
    assert warning.code == "watch-symlink"
    assert f"{condition} is a symbolic link to {target}: " in warning.what
    assert warning.what.endswith(unseen)
    assert warning.remedy == f"write {name}={target}"


def test_links_that_mean_what_they_seem_to(real: Path) -> None:
    folder = real.parent
    # The link itself is replaced or given other rights: that is seen.
    assert codes("-F", f"path={folder}/link", "-F", "perm=wa") == []
    # The slash makes the kernel follow the link.
    assert codes("-F", f"dir={folder}/folder/") == []
    assert codes("-F", f"path={folder}/folder/real", "-F", "perm=x") == []


def test_a_dir_that_is_a_file_is_taken_with_a_warning(real: Path) -> None:
    assert refusals("-F", f"dir={real}", "-F", "perm=wa") == []
    (warning,) = traps("-F", f"dir={real}", "-F", "perm=wa")
    assert warning.code == "dir-is-a-file"
    assert warning.what.startswith(f"dir={real} is a file")
    assert codes("-F", f"dir={real.parent}") == []


def test_paths_that_are_not_there(real: Path) -> None:
    folder = real.parent
    assert refusals("-F", f"path={folder}/no/file") == [
        f"the directory of path={folder}/no/file does not exist"
    ]
    assert refusals("-F", f"exe={folder}/no/file") == [
        f"the directory of exe={folder}/no/file does not exist"
    ]
    assert refusals("-F", f"dir={folder}/no") == [f"dir={folder}/no does not exist"]
    assert refusals("-F", f"path={real}/below") == [
        f"the directory of path={real}/below is not a directory"
    ]
    assert refusals("-F", f"dir={real}/below") == [
        f"dir={real}/below cannot be followed (Not a directory)"
    ]
    assert refusals("-F", f"path={folder}/{'n' * 256}")[0].endswith("is too long")
    for there in (f"path={folder}/none", f"dir={folder}/nowhere", f"exe={folder}/none"):
        assert refusals("-F", there) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/etc/*.conf", ["path-literal"]), ("/etc/../etc/passwd", ["path-literal"]),
     ("/etc/two..dots", [])],
)  # fmt: skip
def test_what_the_kernel_takes_as_it_stands(path: str, expected: list[str]) -> None:
    assert codes("-F", f"path={path}") == expected
