"""The Python API, on made-up runs. No number in here is a measurement."""

from __future__ import annotations

import builtins
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import pytest
from matplotlib.text import Text

import auditbench
from harness import api
from harness.api.frames import Of
from tests.support.command import ROOT
from tests.support.stored.altered_runs import altered_run, lossy, slower


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    altered_run(folder / "m" / "2026-01-01", blocks=8)
    altered_run(folder / "m" / "2026-01-02", slower("rules", 1.5), lossy("rules"), blocks=8)
    return folder


@pytest.fixture(scope="module")
def run(results: Path) -> api.Run:
    return api.load("latest", results=results)


def test_runs_are_found_by_name_and_in_order(results: Path, run: api.Run) -> None:
    assert run.name == "m/2026-01-02"
    assert api.load("latest~1", results=results).name == "m/2026-01-01"
    assert api.load(results / "m" / "2026-01-01").name == "m/2026-01-01"
    names = [found.name for found in api.runs(results)]
    assert names == ["m/2026-01-01", "m/2026-01-02"]
    assert [found.name for found in api.runs(results / "m")] == names


def test_samples_come_in_plan_order_with_the_warm_up(run: api.Run) -> None:
    assert len(run.samples) == 9 * 6
    assert sum(sample.warm_up for sample in run.samples) == 6
    assert run.scenarios[:2] == ("no-audit", "no-audit-aa")
    assert run.workloads == ("udp",)


def test_comparisons_are_those_of_the_result(run: api.Run) -> None:
    found = run.comparisons("elapsed", workload="udp")
    assert {comparison.metric for comparison in found} == {"elapsed_ns_per_op"}
    assert set(found) < set(run.comparisons())
    rules = next(c for c in found if c.cell.scenario == "rules")
    assert rules.ratio == pytest.approx(15.0 * 1.5 / 6, rel=0.02)
    assert rules.verdict == "lost"


def test_ledgers_and_losses_tell_what_was_lost(run: api.Run) -> None:
    ledger = next(found for found in run.ledgers if found.cell.scenario == "rules")
    assert (ledger.total.generated, ledger.total.refused) == (8000, 80)
    loss = next(found for found in run.losses if found.cell.scenario == "rules")
    assert loss.trials_with_loss == 8
    assert run.trustworthy


def test_summaries_leave_the_warm_up_out(run: api.Run) -> None:
    rules = next(s for s in run.summaries("elapsed") if s.cell.scenario == "rules")
    assert rules.n == 8
    assert rules.mean == pytest.approx(22_500, rel=0.02)
    assert {summary.metric for summary in run.summaries()} == {
        name for sample in run.samples for name in sample.metrics
    }


def test_runs_and_scenarios_are_compared(results: Path, run: api.Run) -> None:
    report = api.compare(api.load("latest~1", results=results), run)
    assert report.verdict == "worse"
    within = api.compare(
        run.only("rules"), run.only("rules+exclude-exe"), metrics="elapsed", margin=0.05
    )
    (change,) = [change for change in within.pairs[0].changes if change.counts]
    assert change.comparison.verdict == "better"
    assert change.comparison.margin == 0.05


def test_a_run_as_a_frame(run: api.Run) -> None:
    table = run.frame()
    assert len(table) == len(run.samples)
    rules = table[(table.scenario == "rules") & ~table.warm_up]
    assert rules.ledger_refused.sum() == 80
    assert rules.elapsed_ns_per_op.mean() == pytest.approx(22_500, rel=0.02)
    assert str(table.started_at.dt.tz) == "UTC"
    assert table.ledger_suppressed.isna().all()
    assert table.ledger_suppressed.dtype == "float64"


def test_a_run_as_an_arrow_table_has_the_same_rows(run: api.Run) -> None:
    table = run.table()
    assert table.num_rows == len(run.samples)
    assert table["elapsed_ns_per_op"].to_pylist() == run.frame().elapsed_ns_per_op.tolist()
    assert str(table.schema.field("ledger_suppressed").type) == "int64"


def test_what_is_computed_becomes_rows(results: Path, run: api.Run) -> None:
    compared = api.frame(run.comparisons("elapsed"))
    assert list(compared.columns[:3]) == ["workload", "scenario", "consumer"]
    assert compared.set_index("scenario").verdict["rules"] == "lost"
    assert api.frame(run.ledgers).set_index("scenario").refused["rules"] == 80
    assert api.frame(run.losses).set_index("scenario").trials_with_loss["rules"] == 8
    changes = api.frame(api.compare(api.load("latest~1", results=results), run))
    assert changes.query("scenario == 'rules'").ratio.max() == pytest.approx(1.5, rel=0.02)
    assert api.frame(()).empty


def test_a_run_shows_itself_as_markdown(run: api.Run) -> None:
    assert "| rules |" in run.markdown().replace("`", "")
    assert run._repr_markdown_() == run.markdown()


def test_rules_of_a_scenario_may_differ_by_workload() -> None:
    reference = api.load(ROOT / "results/reference/overhead-debian12-2vcpu")
    shells, udp = (
        reference.rules("rules+exclude-call", workload=name)[0] for name in ("shells", "udp")
    )
    assert "-S execve" in shells
    assert "-S connect" in udp
    assert reference.rules("rules+exclude-call")[0] == shells


def test_the_examples_of_the_page_run(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    (tmp_path / "results").symlink_to(results)
    monkeypatch.chdir(tmp_path)
    names = {"base": api.load("latest~1"), "head": api.load("latest")}
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    for block in blocks:
        exec(block, names)
    assert len(blocks) == 4
    assert (tmp_path / "report.html").is_file()
    assert len(names["rules"]) == 9


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda run: api.load("nothing"), "'nothing' is not a run: name a folder"),
        (lambda run: api.runs("/nowhere"), "no run under /nowhere"),
        (lambda run: run.comparisons("elapse"), "did you mean elapsed"),
        (lambda run: run.comparisons(workload="tcp"), "no workload 'tcp': one of udp"),
        (lambda run: run.summaries("nonsense"), "'nonsense'"),
        (lambda run: run.only("none"), "no scenario 'none': one of no-audit"),
        (lambda run: run.rules("none"), "no scenario 'none'"),
        (api.compare, "nothing to compare with"),
        (lambda run: api.compare(run, run), "compared with itself"),
        (
            lambda run: api.compare(run.only("rules"), run.only("rules+exclude-exe"), margin=2),
            "margin 2",
        ),
        (lambda run: run.plot("pie"), "no plot is called 'pie': one of forest"),
        (lambda run: run.plot("forest", workload="tcp"), "no workload 'tcp'"),
        (lambda run: run.plot("forest", metric="elapse"), "did you mean elapsed"),
        (lambda run: run.plot("cpu", metric="elapsed"), "the plot cpu is not of one metric"),
        (lambda run: api.compare(run, run, allow="colour"), "'colour' is not a known difference"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: api.Run, ask, words: str) -> None:
    with pytest.raises(api.AuditbenchError, match=re.escape(words)) as raised:
        ask(run)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("missing", "ask"),
    [
        ("pandas", lambda run: run.frame()),
        ("pandas", lambda run: api.frame(run.comparisons())),
        ("pyarrow", lambda run: run.table()),
    ],
)
def test_what_is_not_installed_is_one_line(
    run: api.Run, monkeypatch: pytest.MonkeyPatch, missing: str, ask
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.split(".", maxsplit=1)[0] == missing:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(api.UsageError, match=rf"needs {missing}.*pip install 'auditbench\["):
        ask(run)


def test_the_api_imports_nothing_heavy() -> None:
    heavy = "matplotlib", "scipy", "numpy", "pandas", "pyarrow", "pyroute2", "pyperf"
    code = f"import sys, harness.api\nprint([name for name in {heavy!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_public_name_is_told_of_in_the_page() -> None:
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    names = [name for name in vars(api.Run) if not name.startswith("_")]
    names += [*api.__all__, *auditbench.__all__, *get_args(Of)]
    assert [name for name in names if not re.search(rf"\b{name}\b", page)] == []


def test_the_public_module_has_all_of_the_api() -> None:
    assert {*auditbench.__all__, "load"} == {*api.__all__, "open"}
    assert auditbench.open is api.load
    for name in set(auditbench.__all__) - {"open"}:
        assert getattr(auditbench, name) is getattr(api, name)
    assert {name for name in dir(auditbench) if not name.startswith("_")} == set(auditbench.__all__)
    assert auditbench.__version__ == version("auditbench")
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = auditbench.laod


def test_the_public_module_is_typed(tmp_path: Path) -> None:
    """mypy knows what each call gives, and a name that there is not."""
    (tmp_path / "script.py").write_text(
        "import auditbench\n"
        "reveal_type(auditbench.open('latest'))\n"
        "auditbench.frame(auditbench.runs(), of='latncy')\n"
        "auditbench.opn('latest')\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "script.py"]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout.splitlines()
    assert 'Revealed type is "harness.api.one_run.Run"' in said[0]
    assert "script.py:3: error" in said[1]
    assert 'script.py:4: error: Module has no attribute "opn"' in said[2]
    assert len(said) == 4


def test_the_public_module_imports_nothing_before_it_is_asked() -> None:
    code = (
        "import sys, auditbench\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('harness', 'workloads')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_public_module_refuses_packages_of_others(tmp_path: Path) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness/__init__.py").touch()
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import auditbench; auditbench.runs"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "ImportError: `import harness` finds" in done.stderr


def test_many_runs_make_one_frame(results: Path) -> None:
    both = api.runs(results)
    trials = api.frame(both)
    assert list(trials.columns[:3]) == ["run", "label", "kernel"]
    assert dict(trials.run.value_counts()) == {run.name: len(run.samples) for run in both}
    assert str(trials.started_at.dtype).endswith("UTC]")
    costs = api.frame(both, of="comparisons").query("scenario == 'rules'")
    older, newer = costs[costs.metric == "elapsed_ns_per_op"].sort_values("run").ratio
    assert newer / older == pytest.approx(1.5, rel=0.02)
    for of in get_args(Of):
        assert set(api.frame(both, of=of).run) <= {run.name for run in both}


def test_latencies_as_a_frame_hold_every_operation() -> None:
    run = api.load(ROOT / "results/reference/overhead-debian12-2vcpu")
    latency = api.frame(run, of="latency")
    counted = latency.groupby(["index", "started_at"]).operations.sum()
    assert len(counted) == len(run.samples)
    assert set(counted) == {sample.ops for sample in run.samples}
    assert (latency.latency_at_least_ns <= latency.latency_at_most_ns).all()
    trial = next(sample for sample in run.samples if sample.index == 7)
    ours = latency[latency["index"] == trial.index].sort_values("latency_at_least_ns")
    assert ours.started_at.nunique() == 1
    half = ours[ours.operations.cumsum() >= 0.5 * trial.ops].iloc[0]
    median_ns = trial.metrics["latency_p50_ns"]
    assert half.latency_at_least_ns <= median_ns <= half.latency_at_most_ns


def test_timelines_as_a_frame_are_the_moments_of_the_trials() -> None:
    run = api.load(ROOT / "results/reference/pressure-debian12-2vcpu")
    table = api.frame(run, of="timeline")
    sample = max(run.samples, key=lambda sample: len(sample.timeline))
    ours = table[table["index"] == sample.index]
    assert list(ours.t_ms) == [moment.t_ms for moment in sample.timeline]
    assert list(ours.backlog) == [moment.backlog for moment in sample.timeline]
    assert set(ours.scenario) == {sample.scenario}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda run: api.frame(run, of="latencies"), "did you mean latency?"),
        (lambda run: api.frame([run, 1]), "runs and other items make no one frame"),
        (lambda run: api.frame(run.losses, of="trials"), "of='trials' is for runs"),
    ],
)
def test_a_frame_that_cannot_be_made_is_one_line(run: api.Run, ask, words: str) -> None:
    with pytest.raises(api.UsageError, match=re.escape(words)):
        ask(run)


def test_the_environment_names_the_folder_for_scripts_too(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITBENCH_RESULTS", str(results))
    assert len(api.runs()) == 2
    assert api.load().name == "m/2026-01-02"
    monkeypatch.setenv("AUDITBENCH_RESULTS", "")
    with pytest.raises(api.UsageError, match="no run under results"):
        api.load()


def test_every_kind_of_plot_is_drawn_or_says_why_not(run: api.Run) -> None:
    drawn = 0
    for kind in api.plot_kinds():
        try:
            drawn += bool(run.plot(kind, workload="udp").axes)
        except api.UsageError as error:
            assert f"has no plot {kind}" in str(error)  # noqa: PT017
    assert drawn >= 2


def test_a_forest_plot_names_the_cells(run: api.Run) -> None:
    figure = run.plot("forest", dark=True)
    text = " ".join(word.get_text() for word in figure.findobj(Text))
    assert {"rules", "rules+exclude-", "exe"} <= set(text.split())


def test_a_report_is_one_page(run: api.Run, tmp_path: Path) -> None:
    page = run.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert run.name in page
    with pytest.raises(api.UsageError, match="cannot be written"):
        run.report(tmp_path / "missing" / "report.html")


def test_a_comparison_is_drawn(results: Path) -> None:
    old, new = api.runs(results)
    report = api.compare(old, new, force=True)
    figure = api.plot_changes(report)
    shown = [text.get_text() for text in figure.findobj(Text)]
    # It lost what the first run did not, which comes before its being slower.
    assert any(text.endswith("✗ lost") for text in shown)
    assert "rules" in shown
    assert any("1 is as in the first" in text for text in shown)
    for words in ({"head": 1}, {"workload": "no"}, {"metric": "p99"}):
        with pytest.raises(api.UsageError):
            api.plot_changes(report, **words)  # type: ignore[arg-type]
