"""Hostile files: much, long and odd, in bounded time and fit to be shown."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.lint import pairs, parsed, source
from harness.kernel.rules.lint.catalog import KINDS
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.source import Source, read_source


def test_more_pairs_than_are_compared_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs.Budget.__init__, "__defaults__", (1000,))
    file = tmp_path / "many.rules"
    file.write_text(
        "".join(f"-a always,exit -F arch=b64 -S openat -F pid!={n} -k k\n" for n in range(200))
    )
    notes = [f for f in lint_source(read_source(file)) if f.kind.code == "too-many-rules"]
    assert len(notes) == 1
    assert notes[0].severity == KINDS["too-many-rules"].severity


def test_pairs_are_counted_one_by_one() -> None:
    budget = pairs.Budget(10)
    budget.spend(10)
    with pytest.raises(pairs.TooManyPairsError):
        budget.spend(1)


@pytest.mark.parametrize(
    ("room", "limit", "content"),
    [(source, "MOST_BYTES", b"# long\n" * 3), (parsed, "MOST_LINES", b"\n" * 12)],
)
def test_what_cannot_be_a_rule_file_is_refused(
    room: object, limit: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, limit, 10)
    file = tmp_path / "big.rules"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="more than 10"):
        lint_source(read_source(file))


def test_as_many_lines_as_are_read_may_end_in_a_newline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "MOST_LINES", 1_000)
    file = tmp_path / "full.rules"
    file.write_bytes(b"# full\n" * 1_000)
    assert lint_source(read_source(file)) == []
    file.write_bytes(b"# more\n" * 1_001)
    with pytest.raises(UsageError, match="has 1,001 lines, more than 1,000"):
        lint_source(read_source(file))


WORDS = (
    b"-a", b"-A", b"-d", b"-D", b"-w", b"-W", b"-p", b"-k", b"-S", b"-F", b"-C", b"-i", b"-b",
    b"-e", b"always,exit", b"never,exit", b"never,task", b"always,exclude", b"always,io_uring",
    b"\x1b[31m",
    b"arch=b64", b"arch=b32", b"all", b"execve", b"openat,bind", b"path=/etc/passwd", b"dir=/etc",
    b"perm=wa", b"exe=/bin/sh", b"uid>=1000", b"uid!=0", b"success=1", b"exit=-EACCES", b"/etc/x",
    b"wa", b"2", b"0", b"\x00", b"\xff\xfe", b"\r", b"\t", b'"', b"\xe2\x80\xae",
    b"9" * 400, b"x" * 300,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(150))
def test_random_lines_end_in_findings_that_can_be_shown(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    lines = [
        b" ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
        for _ in range(chance.randint(1, 30))
    ]
    file = tmp_path / "odd\x1b.rules"
    file.write_bytes(chance.choice((b"\n", b"\r\n")).join(lines))
    for finding in lint_source(read_source(file), elsewhere=chance.random() < 0.5):
        assert finding.kind is KINDS[finding.kind.code]
        assert finding.reason.isprintable(), finding.reason
        assert finding.remedy.isprintable(), finding.remedy
        assert finding.place.file.isprintable()
        assert finding.place.line >= 1


def test_many_rules_are_linted_within_the_bound_of_pairs(tmp_path: Path) -> None:
    """No pair is compared beyond the bound: what is spent is counted, not timed."""
    spent: list[int] = []

    class Counting(pairs.Budget):
        def spend(self, number: int) -> None:
            spent.append(number)
            super().spend(number)

    file = tmp_path / "many.rules"
    lines = ("-w /etc/file{} -p wa -k k", "-a never,exit -F arch=b64 -S openat -F pid={}")
    file.write_text("".join(f"{line.format(n)}\n" for n in range(1000) for line in lines))
    from harness.kernel.rules.lint.shadows import shadowed

    rules = parsed.parse_source(read_source(file), elsewhere=True).rules
    assert list(shadowed(rules, Counting())) == []
    assert sum(spent) < 10 * len(rules)


def test_an_empty_file_has_no_finding() -> None:
    assert lint_source(Source(("empty.rules",), ())) == []
