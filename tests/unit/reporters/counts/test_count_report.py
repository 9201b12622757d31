"""The page of counted runs."""

from __future__ import annotations

import re
from pathlib import Path

from harness.answers.compare.compare import Side
from harness.answers.compare.count import CountOptions, compare_counts
from harness.answers.count import make_counted
from harness.model.count import COUNTED_METRICS, EVENTS, OF_RULES, RECORDS
from harness.reporters.counts.numbers import floors_words
from harness.reporters.html.count import CountView, count_report_html
from harness.reporters.words import metric_title
from harness.store import StoredRun, load_run
from tests.support.stored.counted_runs import BASIC, counted_run

DEARER = {**BASIC, "site": (850.5, 850.3)}


def read(folder: Path) -> StoredRun:
    return load_run(folder, counted_too=True)


def view(run: StoredRun) -> CountView:
    return CountView(make_counted(run), run.plan, run.environment)


def test_a_page_says_answer_counts_kernel_and_rules(tmp_path: Path) -> None:
    rules = {"site": ["-a always,exit -S mount"]}
    run = counted_run(tmp_path / "m" / "run", rules=rules, environment={"argv": ["x", "count"]})
    page = count_report_html([view(read(run))])
    assert "<title>What Linux audit costs in instructions</title>" in page
    assert "site costs syscalls most, 520.4 instructions per operation more than no-audit" in page
    assert "-a always,exit -S mount" in page
    assert "ab" * 32 in page
    assert "no smaller difference means anything" in page
    assert "x count" in page
    # Nothing that belongs to times.
    assert "95 %" not in page
    assert "A/A" not in page
    assert "untrustworthy" not in page


def test_several_kernels_are_drawn_over_their_versions(tmp_path: Path) -> None:
    run = counted_run(tmp_path / "m" / "run", kernels={"6.12.9-x": 1.1, "6.1.0-x": 1.0})
    page = count_report_html([view(read(run))])
    assert "Instructions from kernel to kernel" in page
    assert page.count("<svg") == 2


def test_several_runs_are_compared_first(tmp_path: Path) -> None:
    base = read(counted_run(tmp_path / "m" / "base"))
    head = read(counted_run(tmp_path / "m" / "head", DEARER))
    report = compare_counts(Side(base), [Side(head)], CountOptions())
    page = count_report_html([view(base), view(head)], report, ["a run is of another kind"])
    assert page.index("Worse: syscalls × site") < page.index("What the words mean")
    assert "Not compared: a run is of another kind" in page


def test_what_could_not_be_counted_is_said_at_the_top(tmp_path: Path) -> None:
    run = read(counted_run(tmp_path / "m" / "run", invalid={"site": "<b>refused</b>"}))
    page = count_report_html([view(run)])
    assert "Something could not be counted" in page
    assert "&lt;b&gt;refused&lt;/b&gt;" in page
    assert "<b>refused" not in page


def test_a_number_that_is_missing_stands_where_numbers_stand(tmp_path: Path) -> None:
    """The reference differs from nothing, and one boot from no other."""
    one_boot = {name: boots[:1] for name, boots in BASIC.items()}
    page = count_report_html([view(read(counted_run(tmp_path / "m" / "run", one_boot)))])
    assert '<td class="n none" data-v="">–</td><td class="n none" data-v="">–</td></tr>' in page
    assert re.search(r'<th scope="col" class="n"[^>]*>between boots', page)


def test_every_metric_of_counted_runs_has_words() -> None:
    """A name with underscores is none."""
    for metric in (*COUNTED_METRICS, *OF_RULES):
        assert "_" not in metric_title(metric), metric
        assert "instructions" in metric_title(metric) or metric in (EVENTS, RECORDS)


def test_floors_are_the_largest_of_each_workload() -> None:
    assert floors_words([("udp", None)]) == "unknown"
    assert floors_words([("udp", 1.5), ("udp", 404.92), ("udp", None)]) == "404.92"
    assert floors_words([("udp", 404.92), ("syscalls", 0.0)]) == "404.92 (udp) and 0.00 (syscalls)"
