"""Sampled stacks through the command line: shown, reported, exported, and what is refused."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from tests.support.command import assert_one_line, auditbench, auditbench_json
from tests.support.schemas import schema
from tests.support.stored.profiled_runs import write_profiled_run
from tests.support.stored.two_runs import write_run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiles")
    write_run(folder / "results" / "h-1" / "1-without", blocks=1)
    write_profiled_run(folder / "results" / "h-1" / "2-with")
    return folder


def test_it_is_shown_and_printed(place: Path) -> None:
    shown = auditbench("show", cwd=place)
    assert "Of the load's 100 % more kernel time" in shown.stdout.replace("\n", " ")
    document = auditbench_json("show", cwd=place)
    jsonschema.validate(document, schema("result"))
    assert len(document["profiles"]["cells"]) == 2


def test_folded_stacks_are_printed_and_exported(place: Path) -> None:
    printed = auditbench("show", "--to", "folded", cwd=place)
    assert printed.returncode == 0, printed.stderr
    assert auditbench("export", "--to", "folded=out.folded", cwd=place).returncode == 0
    text = (place / "out.folded").read_text(encoding="utf-8")
    assert text.strip() == printed.stdout.strip()
    assert "load;[user] 200" in text


def test_the_report_has_flame_graphs(place: Path) -> None:
    done = auditbench("report", "latest", "-o", "page.html", cwd=place)
    assert done.returncode == 0, done.stderr
    assert '<svg class="flame"' in (place / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("show", "1-without", "--to", "folded"), "has no sampled stacks"),
        (("run", "--to", "folded"), "add --profile"),
        (("run", "--count", "--profile"), "leave out one of the two"),
        (("run", "--profile-cell", "udp/x", "--dry-run"), "is no cell of this plan"),
        (("run", "replay", "--profile", "--dry-run"), "this host's kernel"),
        (("run", "--resume", "latest", "--profile"), "leave out --profile"),
    ],
)
def test_what_cannot_be_is_one_line(place: Path, words: tuple[str, ...], fault: str) -> None:
    assert_one_line(auditbench(*words, cwd=place), 2, fault)
