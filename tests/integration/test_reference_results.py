"""The reference results: whole, by their schemas, and without a name of any machine."""

from __future__ import annotations

import io
import json
import runpy
import subprocess
import sys
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from harness import api
from harness.answers.result import make_result
from harness.errors import UsageError
from harness.host.facts import HostFacts
from harness.metrics.catalog import METRICS
from harness.model.run import Sample
from harness.reporters.documents.result import result_document
from harness.reporters.export.junit import result_junit
from harness.reporters.html.page import report_html
from harness.reporters.parts.ledger import ledgers_page
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import details_page, result_page
from harness.store import ENVIRONMENT, KEPT_SAMPLES, PLAN, SAMPLES, load_run, read_sample_lines
from tests.support.command import ROOT
from tests.support.old_words import old_words
from tests.support.runs import made_up_run
from tests.support.schemas import bare, fields_of, schema

REFERENCE = ROOT / "results/reference"
KEEP = runpy.run_path(str(ROOT / "results/keep.py"))
RUNS = sorted(path.parent for path in REFERENCE.glob(f"*/{PLAN}"))
each_run = pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)


@cache
def loaded(folder: Path) -> api.Run:
    return api.load(folder)


def texts(folder: Path) -> list[str]:
    samples = b"".join(read_sample_lines(folder / KEPT_SAMPLES)).decode()
    return [(folder / PLAN).read_text(), (folder / ENVIRONMENT).read_text(), samples]


def test_there_is_one_of_each_plan_that_is_told_of() -> None:
    readme = (ROOT / "results/README.md").read_text(encoding="utf-8")
    assert {folder.name.partition("-")[0] for folder in RUNS} >= {
        "overhead",
        "pressure",
        "ab",
        "consumers",
    }
    assert all(f"`{folder.name}`" in readme for folder in RUNS)
    assert set(RUNS) == set(REFERENCE.iterdir())


@each_run
def test_it_makes_a_whole_result(folder: Path) -> None:
    run = loaded(folder)
    assert run.result.complete
    assert run.trustworthy
    # A disturbed trial was repeated under its own number.
    numbers = {sample.index for sample in run.samples}
    assert run.result.trials == run.plan["trials"] == len(numbers)
    assert {ledger.total.unexplained for ledger in run.ledgers} <= {0, None}
    assert {"worse", "better", "equal", "inconclusive"} & {
        comparison.verdict for comparison in run.comparisons("elapsed")
    }


@each_run
def test_every_line_is_by_the_schema(folder: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema("sample"))
    lines = read_sample_lines(folder / KEPT_SAMPLES)
    assert lines
    for line in lines:
        document = json.loads(line)
        validator.validate(document)
        # What is told by process has the process behind a colon.
        assert {name.partition(":")[0] for name in document["metrics"]} <= METRICS.keys()
    environment = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
    jsonschema.validate(environment, schema("environment"))


@each_run
def test_it_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 600_000


@each_run
def test_it_names_no_machine(folder: Path) -> None:
    for text in texts(folder):
        # As one text, not field by field: nothing can hide in a key.
        KEEP["require_neutral"](text.replace('"', " "))
    facts = loaded(folder).environment["facts"]
    assert facts["hostname"] == facts["machine"] == folder.name.partition("-")[2]
    assert (facts["load"]["boot_id"], facts["platform"]["product"]) == (None, None)
    assert set(facts["kernel"]["release"]) <= set("0123456789.")


def test_what_the_plans_are_about_is_there() -> None:
    overhead, pressure, ab = (
        loaded(REFERENCE / f"{name}-debian12-2vcpu") for name in ("overhead", "pressure", "ab")
    )
    assert {"disabled", "no-rules", "rules", "rules+exclude-exe"} <= set(overhead.scenarios)
    assert overhead.noise_floor
    losing = [loss.cell.scenario for loss in pressure.losses if loss.trials_with_loss]
    assert "backlog-64-no-wait" in losing
    assert "backlog-8192-wait" not in losing
    assert ab.scenarios[-2:] == ("base", "watched")
    assert set(ab.rules("base")) < set(ab.rules("watched"))


LATE = {"timeline", "disturbed", "beside_ledger", "ladder", "kernel", "victim_document", "soak"}


@pytest.mark.parametrize(
    ("name", "kind", "late"),
    [
        ("sample", Sample, LATE),
        ("facts", HostFacts, set()),
    ],
)
def test_the_schemas_are_those_of_the_types(name: str, kind: type, late: set[str]) -> None:
    """`late` are fields that runs made before do not have."""
    document = schema("environment" if name == "facts" else name)
    told = document["$defs"]["facts"] if name == "facts" else document
    assert bare(told, document) == fields_of(kind)
    assert set(told["required"]) == set(told["properties"]) - late


@each_run
def test_reports_say_no_old_word(folder: Path) -> None:
    """The kept runs were made under the old names."""
    result, view = loaded(folder).result, [loaded(folder).view]
    console = Console(file=io.StringIO(), width=80)
    for page in (result_page(result), details_page(result), ledgers_page(result)):
        render_page(page, console)
    assert isinstance(console.file, io.StringIO)
    said = {
        "terminal": console.file.getvalue(),
        "Markdown": page_markdown(result_page(result)),
        "JSON": json.dumps(result_document(result)),
        "JUnit": result_junit(result),
        "page": report_html(view, PLOTS),
    }
    assert {form: found for form, text in said.items() if (found := old_words(text))} == {}


def stored(folder: Path, **environment: Any) -> Path:
    """A made-up run with the environment of a real one, and these parts of it changed."""
    made_up_run(folder)
    real = json.loads((RUNS[0] / ENVIRONMENT).read_text(encoding="utf-8"))
    (folder / ENVIRONMENT).write_text(json.dumps({**real, **environment}))
    return folder


def test_a_run_is_kept_without_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mallory")
    run = stored(tmp_path / "web1-3f2a9c01" / "r")
    path = run / ENVIRONMENT
    environment = json.loads(path.read_text())
    facts = environment["facts"]
    facts |= {"hostname": "web1", "machine": "web1-3f2a9c01"}
    facts["load"]["boot_id"] = "8869f03e-6e83-4fc5-b228-1773335f326c"
    facts["kernel"] |= {"release": "6.1.0-rc3-acme42", "version": "#7 SMP PREEMPT (me@acme) x"}
    environment["label"] = "0.1.0, Linux 6.1.0-rc3-acme42"
    environment["argv"] = [
        "/home/mallory/bin/auditbench",
        "run",
        "--results",
        "/home/mallory/r",
        "--fast",
    ]
    environment["cautions"] = [{"name": "n", "what": "mallory on web1, not web1x", "remedy": ""}]
    path.write_text(json.dumps(environment))
    samples = run / SAMPLES
    exe = "/home/mallory/venv/bin/python3.11"
    samples.write_text(samples.read_text().replace('{"ops":1000}', f'{{"exe":"{exe}"}}'))
    plan = run / PLAN
    plan.write_text(plan.read_text().replace("made up", f"-F exe={exe}"))

    kept = KEEP["keep"](run, "made-up-debian", tmp_path / "kept")

    whole = "".join(texts(kept))
    for name in ("mallory", "3f2a9c01", "8869f03e", "acme", "/home"):
        assert name not in whole
    found = json.loads((kept / ENVIRONMENT).read_text())
    assert found["argv"] == ["auditbench", "run", "--fast"]
    assert found["facts"]["kernel"]["release"] == "6.1.0-rc3"
    assert found["facts"]["kernel"]["version"] == "#7 SMP PREEMPT"
    assert found["label"] == "0.1.0, Linux 6.1.0-rc3"
    assert found["cautions"][0]["what"] == "user on up-debian, not web1x"
    assert tomllib.loads((kept / PLAN).read_text())["summary"] == "-F exe=/usr/bin/python3.11"
    again = KEEP["keep"](run, "made-up-debian", tmp_path / "again")
    assert (again / KEPT_SAMPLES).read_bytes() == (kept / KEPT_SAMPLES).read_bytes()
    before, after = api.load(run), api.load(kept)
    assert [s.metrics for s in after.samples] == [s.metrics for s in before.samples]


def test_a_kept_run_keeps_within_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name"):
        KEEP["keep"](RUNS[0], "../other", tmp_path / "kept")


@pytest.mark.parametrize(
    ("caution", "words"),
    [
        ("see /srv/secret/x", "a path of one machine is left: /srv/secret/x"),
        ("on 02:42:ac:11:00:02", "a hardware address is left"),
        ("id 0123456789abcdef0123456789abcdef", "a machine id is left"),
        ("ask me@acme.example", "a mail address is left"),
    ],
)
def test_what_still_names_a_machine_is_not_kept(tmp_path: Path, caution: str, words: str) -> None:
    run = stored(tmp_path / "r", cautions=[{"name": "n", "what": caution, "remedy": ""}])
    with pytest.raises(UsageError, match=words):
        KEEP["keep"](run, "x-y", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_run_that_was_stopped_is_not_kept(tmp_path: Path) -> None:
    run = stored(tmp_path / "r")
    samples = run / SAMPLES
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:-1]))
    command = [sys.executable, ROOT / "results/keep.py", run, "x-y", "-o", tmp_path / "kept"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"keep.py: {run} is not whole")


@pytest.mark.parametrize(("low", "high"), [(0.97, 1.0), (1.0, 1.03)])
def test_a_run_whose_noise_hides_its_prices_is_not_kept(low: float, high: float) -> None:
    run = load_run(ROOT / "results/reference/overhead-debian12-2vcpu")
    result = make_result(run)
    KEEP["refuse_wide_floors"](run, result)
    wide = replace(result.noise_floor[0], ci_low=low, ci_high=high)
    with pytest.raises(UsageError, match="is wider than the margin of 2%"):
        KEEP["refuse_wide_floors"](run, replace(result, noise_floor=(wide,)))


@each_run
def test_no_kept_run_is_one_that_would_be_refused_now(folder: Path) -> None:
    run = load_run(folder)
    KEEP["refuse_wide_floors"](run, make_result(run))


def test_the_kept_run_of_two_rule_files_decides_and_says_of_what_it_knows() -> None:
    result = make_result(load_run(REFERENCE / "ab-debian12-2vcpu"))
    verdicts = {
        c.cell.scenario: c.verdict for c in result.comparisons if c.metric == result.primary
    }
    equal, worse = {"no-audit-aa": "equal"}, {"base": "worse", "watched": "worse"}
    assert verdicts == {"no-audit": "reference", **equal, **worse}
    answer = result_document(result)["answer"]
    assert "expected events arrived whole; of shells × watched, udp × watched it is not" in answer
