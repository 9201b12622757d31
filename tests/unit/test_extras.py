"""What is told where a package is missing that only an extra brings."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from harness.errors import EXIT_USAGE, MissingExtraError

ROOT = Path(__file__).parents[2]


def test_where_pip_is_it_is_the_remedy() -> None:
    error = MissingExtraError("a data frame", "pandas", "data", otherwise="do without")
    assert error.exit_code == EXIT_USAGE
    told = "a data frame needs pandas, which is not installed: pip install 'auditbench[data]'"
    assert error.one_line() == f"{told}, or do without"


def test_where_no_pip_is_another_environment_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    line = MissingExtraError("a data frame", "pandas", "data").one_line()
    assert line.endswith(
        "install 'auditbench[data]' into an environment of its own, as docs/install.md tells"
    )


def test_every_extra_that_is_named_exists_and_is_told_on_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    for extra, needs in project["optional-dependencies"].items():
        assert f"| `auditbench[{extra}]` |" in page
        (row,) = [line for line in page.splitlines() if f"`auditbench[{extra}]`" in line]
        assert [need for need in needs if need.partition(">")[0] not in row] == []
