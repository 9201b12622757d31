"""The page of `auditbench rules lint` has every kind of finding, and its examples have theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.rules.lint.catalog import KINDS
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.programs import Copy
from harness.kernel.rules.lint.source import read_source
from tests.support.lint_examples import Row, rows, written

ROWS = rows()
WITHOUT = {"too-many-rules": "test_lint_limits has its file"}


def test_the_page_has_every_kind_in_its_words() -> None:
    said = {row.code: (row.severity, row.title, row.why) for row in ROWS}
    assert said == {code: (kind.severity, kind.title, kind.why) for code, kind in KINDS.items()}
    assert len(ROWS) == len(KINDS) > 50


@pytest.mark.parametrize("row", [r for r in ROWS if r.code not in WITHOUT], ids=lambda r: r.code)
def test_an_example_has_its_finding(row: Row, tmp_path: Path) -> None:
    in_containers = row.example[0].startswith("containers: ")
    example = tuple(line.removeprefix("containers: ") for line in row.example)
    copies = (lambda _: [Copy(7, b"/merged/x")]) if in_containers else None
    found = lint_source(read_source(written(example, tmp_path)), copies=copies)
    (finding,) = [each for each in found if each.kind.code == row.code][:1] or [None]
    assert finding is not None, [each.kind.code for each in found]
    assert finding.severity == row.severity
    assert finding.place.line >= 1
    assert finding.reason.isprintable()
    assert finding.remedy


def test_a_row_without_example_is_executed_elsewhere() -> None:
    assert {row.code for row in ROWS if not row.example} == set(WITHOUT)
