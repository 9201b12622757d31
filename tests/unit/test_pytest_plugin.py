"""The pytest plugin: outcomes, messages, pytest-benchmark entries. The runs are made up."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from typing import Any

import pytest
import scipy.stats  # noqa: F401

import harness.pytest_plugin.result  # noqa: F401  what pytester would else load anew each time
from harness.pytest_plugin.fixture import MARKER_WORDS
from harness.run.lifecycle.borrow import NoAuditError
from tests.support.command import ROOT
from tests.support.stored.overhead_runs import made_up_session, rules_file

TEST = """
import pytest

{marker}
def test_rules(audit_overhead):
    result = audit_overhead("base.rules")
    {statement}
"""
BELOW = "result.assert_ratio_below({})"
LOST = "result.assert_nothing_lost({})"
# hypothesis would be imported anew in every run, for its last words.
QUICK = ("-W", "error", "-p", "no:hypothesispytest")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a test of a rules repository whose measurements are made up."""
    rules_file(pytester.path)
    pytester.makeini("[pytest]\naddopts = --strict-markers\n")

    def run(
        statement: str, *words: str, marker: str = "", measured: Any = None, **made_up: Any
    ) -> pytest.RunResult:
        monkeypatch.setattr(
            "harness.run.session.run_session", measured or made_up_session(**made_up)
        )
        pytester.makepyfile(TEST.format(statement=statement, marker=marker))
        return pytester.runpytest(*QUICK, *words, no_reraise_ctrlc=True)

    return run


def refuse(*_: object) -> None:
    raise NoAuditError("auditd is registered (pid 7)", remedy="stop it or use --borrow")


def test_a_ratio_below_the_limit_passes_and_is_told(run: Any) -> None:
    done = run(BELOW.format(2.5))
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        ["*audit overhead*", "*test_rules: base.rules on udp costs * × no-audit (95 %*A/A *"]
    )


def test_junit_has_the_measurement(run: Any, pytester: pytest.Pytester) -> None:
    run(BELOW.format(2.5), "--junitxml=junit.xml").assert_outcomes(passed=1)
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert 'property name="audit_overhead" value="base.rules on udp costs' in text


def test_a_ratio_above_the_limit_fails_with_its_interval(run: Any) -> None:
    done = run(BELOW.format(1.5))
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["*> * result.assert_ratio_below(1.5)", "*OverheadAboveLimitError: base.rules on udp costs*"
         "95 % interval*all of it above the limit of 1.5*auditbench show *"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "marker", "outcome"),
    [
        ((), "", "failed"),
        (("--audit-inconclusive=xfail",), "", "xfailed"),
        (("-o", "audit_inconclusive=skip"), "", "skipped"),
        ((), "@pytest.mark.audit_overhead(inconclusive='xfail')", "xfailed"),
    ],
)
def test_a_limit_inside_the_interval_is_an_outcome_of_its_own(
    run: Any, words: tuple[str, ...], marker: str, outcome: str
) -> None:
    done = run(BELOW.format(2.0), "-rxs", *words, marker=marker, noise=0.2)
    done.assert_outcomes(**{outcome: 1})
    done.stdout.fnmatch_lines(["*inconclusive: base.rules*the limit of 2 is inside it*find a*"])


def test_one_block_decides_nothing(run: Any) -> None:
    done = run(BELOW.format(100), "--audit-blocks=1")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*InconclusiveError*too few blocks*"])


def test_another_metric_and_an_unknown_one(run: Any) -> None:
    run("result.assert_ratio_below(2.5, metric='cpu_total_ns_per_op')").assert_outcomes(passed=1)
    done = run("result.assert_ratio_below(2.5, metric='nonsense')")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["no metric is called 'nonsense': one of *elapsed_ns_per_op*"])
    done.stdout.no_fnmatch_line("During handling of*")


def test_nothing_lost(run: Any) -> None:
    run(LOST.format("")).assert_outcomes(passed=1)
    run(LOST.format("rate=500")).assert_outcomes(passed=1)
    done = run(LOST.format("rate=500"), lost=3)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["*EventsLostError: 15 of 5,000 events*at 500 operations per second, in 5 of 5 trials*"]
    )


def test_a_rate_must_be_reached(run: Any) -> None:
    done = run(LOST.format("rate=500"), reached=0.5)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*RateNotKeptError: nothing was lost, but only 250 of 500*under*"])
    done = run(LOST.format("rate=500"), reached=0.5, reference_reached=0.5)
    done.stdout.fnmatch_lines(
        ["*InconclusiveError: inconclusive: *without rules no more, it is too high*"]
    )


def test_where_nothing_happens_nothing_can_be_lost(run: Any) -> None:
    done = run(LOST.format(""), events=0)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*no event that could be lost*"])


def test_without_audit_it_skips_with_the_reason(run: Any) -> None:
    done = run(BELOW.format(2.5), "-rs", measured=refuse)
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["SKIPPED*auditd is registered (pid 7): *--audit-borrow"])
    run(BELOW.format(2.5), "--audit-require", measured=refuse).assert_outcomes(failed=1)


def test_beside_other_workers_it_skips(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    run(BELOW.format(2.5)).assert_outcomes(skipped=1)


def test_a_bad_rule_fails_with_its_line_on_any_host(
    pytester: pytest.Pytester,
) -> None:
    (pytester.path / "base.rules").write_text("-D\n-a always,exit -S conect\n")
    pytester.makepyfile(TEST.format(statement="pass", marker=""))
    done = pytester.runpytest(*QUICK)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*base.rules:2*conect*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_marker_that_says_something_unknown(run: Any) -> None:
    done = run("pass", marker="@pytest.mark.audit_overhead(block=3)")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*does not know 'block': it knows against, workload, blocks*"])


def test_what_is_called_overrides_the_marker(run: Any) -> None:
    marker = "@pytest.mark.audit_overhead(workload='shells', blocks=3)"
    done = run("assert (result.workload, result.overhead.ratio('elapsed_ns_per_op').n) == "
               "('shells', 3)", marker=marker)  # fmt: skip
    done.assert_outcomes(passed=1)
    done = run("assert audit_overhead('base.rules', workload='udp').workload == 'udp'",
               marker=marker)  # fmt: skip
    done.assert_outcomes(passed=1)


def test_against_another_rule_file(run: Any, pytester: pytest.Pytester) -> None:
    rules_file(pytester.path).rename(pytester.path / "old.rules")
    rules_file(pytester.path)
    done = run("audit_overhead('base.rules', against='old.rules').assert_ratio_below(2.5)")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*base.rules on udp costs * × old (95 %*"])
    run("audit_overhead('base.rules', against='no-rules')").assert_outcomes(passed=1)
    done = run("audit_overhead('base.rules', against='nonsense')")
    done.stdout.fnmatch_lines(["no scenario is called 'nonsense'*or a rule file"])


FORESEEN = {
    "scenario": "base",
    "rules": 3,
    "can_match": 0,
    "recording": 3,
    "by_workload": {"udp": 0},
    "hindered": {"path": 2, "auid": 1},
}


@pytest.mark.parametrize("limit", [1.01, 9.0])
def test_rules_that_match_nothing_have_no_price(run: Any, limit: float) -> None:
    """Neither within a limit nor above it: it says what hinders them."""
    done = run(BELOW.format(limit), events=0, foreseen=FORESEEN)
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["*InconclusiveError: inconclusive: base: nothing matched (udp); of its 3 rules 2 need "
         "another path, 1 needs another auid: the rules have no price here; auditbench show *"]
    )  # fmt: skip


def test_rules_that_match_nothing_are_told_so_instead_of_a_cost(run: Any) -> None:
    done = run("pass", events=0, foreseen=FORESEEN)
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*test_rules: base: nothing matched (udp); of its 3 rules*"])


def test_the_policy_for_the_inconclusive_holds_for_what_matched_nothing(run: Any) -> None:
    run(BELOW.format(9), "--audit-inconclusive=skip", events=0).assert_outcomes(skipped=1)


def test_a_stopped_run_stops_pytest(run: Any) -> None:
    done = run(BELOW.format(2.5), interrupted=True)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(
        ["*KeyboardInterrupt: stopped before the rules could be judged: what was measured is in *"]
    )


def entries(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    found = json.loads((pytester.path / "b.json").read_text(encoding="utf-8"))["benchmarks"]
    assert isinstance(found, list)
    return found


def test_it_is_an_entry_of_pytest_benchmark(run: Any, pytester: pytest.Pytester) -> None:
    statement = "audit_overhead('base.rules', workload='shells'); " + LOST.format("rate=500")
    run(statement, "--benchmark-json=b.json").assert_outcomes(passed=1)
    first, second = entries(pytester)
    assert (first["name"], second["name"]) == ("test_rules", "test_rules#2")
    assert (first["group"], second["group"]) == ("audit udp", "audit shells")
    assert first["stats"]["rounds"] == len(first["stats"]["data"]) == 6
    assert first["stats"]["iterations"] == 1000
    assert first["stats"]["mean"] == pytest.approx(12e-6, rel=0.02)
    low, high = first["extra_info"]["ratio_ci95"]
    assert low < first["extra_info"]["ratio"] < high
    assert first["extra_info"]["loss"]["lost"] == 0


def test_a_slower_run_fails_the_comparison(run: Any) -> None:
    saving = run("pass", "--benchmark-autosave")
    saving.assert_outcomes(passed=1)
    same = run("pass", "--benchmark-compare", "--benchmark-compare-fail=mean:5%")
    assert same.ret == pytest.ExitCode.OK
    slower = run("pass", "--benchmark-compare", "--benchmark-compare-fail=mean:5%", ratio=2.2)
    assert slower.ret != pytest.ExitCode.OK
    slower.stderr.fnmatch_lines(["*Performance has regressed*"])


def test_the_options_of_pytest_benchmark_mean_it_too(run: Any, pytester: pytest.Pytester) -> None:
    run("pass", "--benchmark-only").assert_outcomes(passed=1)
    run("pass", "--benchmark-skip").assert_outcomes(skipped=1)
    done = run(BELOW.format(1.5), "--benchmark-disable", "--benchmark-json=b.json")
    done.assert_outcomes(failed=1)
    assert not (pytester.path / "b.json").exists()


def test_without_pytest_benchmark(run: Any) -> None:
    run(BELOW.format(2.5), "-p", "no:benchmark").assert_outcomes(passed=1)


def test_runs_are_kept_where_asked(run: Any, pytester: pytest.Pytester) -> None:
    run("pass", "--audit-results=kept").assert_outcomes(passed=1)
    assert list((pytester.path / "kept").glob("*/*/samples.jsonl"))


def test_an_unknown_policy_is_told_at_once(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest(*QUICK, "-o", "audit_inconclusive=maybe")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*audit_inconclusive = maybe: give one of fail, xfail, skip*"])


def test_the_page_names_every_keyword_and_option(pytester: pytest.Pytester) -> None:
    page = (ROOT / "docs/pytest.md").read_text(encoding="utf-8")
    options = re.findall(
        r"^  (--audit-[a-z]+)", pytester.runpytest(*QUICK, "--help").stdout.str(), re.M
    )
    assert len(options) == 7
    for name in (*(f"`{word}`" for word in MARKER_WORDS), *options):
        assert name in page


def test_it_is_installed_as_the_project_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # There are two with a build in place: the environment's and that of the working tree.
    installed = [
        (entry.name, entry.value)
        for distribution in distributions(name="auditbench")
        for entry in distribution.entry_points.select(group="pytest11")
    ]
    assert list(project["entry-points"]["pytest11"].items()) == list(dict.fromkeys(installed))


def test_unused_it_is_silent_and_imports_nothing(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile("def test_nothing(): pass")
    code = (
        "import json, sys, pytest\n"
        f"pytest.main(['-q', '-p', 'no:benchmark', '-W', 'error', {str(path)!r}])\n"
        "heavy = 'harness.', 'numpy', 'scipy', 'cyclopts', 'rich', 'msgspec', 'pyroute2'\n"
        "print(json.dumps(sorted(m for m in sys.modules if m.startswith(heavy))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=path.parent
    )
    *said, loaded = done.stdout.splitlines()
    assert not [line for line in said if "audit" in line.replace(str(path.parent), "")]
    assert json.loads(loaded) == [
        "harness.errors",
        "harness.pytest_plugin",
        "harness.pytest_plugin.fixture",
        "harness.pytest_plugin.outcomes",
    ]
