"""Labels: what can be one, and which run each is the name of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.label import check_label, is_label, name_by_label
from harness.model.stored.environment import StoredEnvironment
from harness.store import find_run
from tests.support.stored.two_runs import write_run


def labelled(results: Path, name: str, label: str) -> Path:
    return write_run(results / "h-1" / name, blocks=2, environment={"label": label})


@pytest.mark.parametrize("text", ["before", "v1.2", "feature/x", "9fceb02", "2026-11-29", "a+b_c"])
def test_branches_commits_and_versions_are_labels(text: str) -> None:
    check_label(text)
    assert is_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "rules of May",
        "-x",
        "../up",
        "a\x1b[31mred",
        "a\nb",
        "a:b",
        "a~1",
        "@a",
        "é",
        "a" * 65,
        "$(id)",
    ],
)
def test_nothing_else_is_a_label(text: str) -> None:
    with pytest.raises(UsageError, match="cannot name a run") as caught:
        check_label(text)
    assert "\x1b" not in caught.value.one_line()
    assert not is_label(text)


def test_a_label_is_the_newest_run_with_it(tmp_path: Path) -> None:
    oldest = labelled(tmp_path, "1", "before")
    newest = labelled(tmp_path, "2", "before")
    other = labelled(tmp_path, "3", "after")
    assert find_run("@before", tmp_path) == newest
    assert find_run("@before~1", tmp_path) == oldest
    assert find_run("@after", tmp_path) == other
    with pytest.raises(UsageError, match=r"@before~2 is not a run: 2 .*: the oldest is @before~1"):
        find_run("@before~2", tmp_path)


def test_an_unknown_label_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no run under .*: give a run one"):
        find_run("@before", tmp_path)
    labelled(tmp_path, "1", "after")
    with pytest.raises(UsageError, match=r"has the label 'befor': there is @after$"):
        find_run("@befor", tmp_path)
    labelled(tmp_path, "2", "before")
    meant = r"did you mean @before\? There is @before, @after$"
    with pytest.raises(UsageError, match=meant):
        find_run("@befor", tmp_path)
    with pytest.raises(UsageError, match=r": 1 run under .* has this label: use @before"):
        find_run("@before~1", tmp_path)


def test_a_label_without_its_mark_is_recognised(tmp_path: Path) -> None:
    labelled(tmp_path, "1", "before")
    with pytest.raises(UsageError, match="'before' is not a run but a label: name it @before"):
        find_run("before", tmp_path)


@pytest.mark.parametrize("label", ["", "0.1, Linux 6.1.0", "a\x1b[31mred", "rules of May"])
def test_what_cannot_be_a_label_names_no_run(label: str) -> None:
    """A stored label comes from outside, and the default one is nobody's choice."""
    assert name_by_label(StoredEnvironment.read({"label": label})) == ""


def test_the_default_label_names_no_run_without_a_kernel_either() -> None:
    assert name_by_label(StoredEnvironment.read({"label": "0.1", "auditbench": "0.1"})) == ""


def test_a_damaged_environment_hides_no_other_label(tmp_path: Path) -> None:
    good = labelled(tmp_path, "1", "before")
    (labelled(tmp_path, "2", "before") / "environment.json").write_text("{")
    assert find_run("@before", tmp_path) == good
