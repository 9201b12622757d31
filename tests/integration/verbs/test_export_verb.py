"""`auditbench export` through the command line: every format, and what cannot be exported."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli import run_command
from harness.store import SAMPLES
from tests.support.command import ROOT, assert_one_line, auditbench
from tests.support.patience import PATIENCE_S
from tests.support.runs import COSTS_NS
from tests.support.stored.two_runs import write_run

BLOCKS = 4


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "results" / "h-1"
    write_run(folder / "1-base", seed=1, blocks=BLOCKS)
    write_run(folder / "2-head", seed=2, blocks=BLOCKS, costs={"rules": 1.5})
    return folder.parent


def export(results: Path, *words: object) -> int:
    return run_command(["export", *map(str, words), "--results", str(results)])


def pyperf(*words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pyperf_works_on_the_files(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, head = tmp_path / "base.json", tmp_path / "head.json"
    assert export(results, "latest~1", "--to", f"pyperf={base}") == 0
    said = capsys.readouterr()
    assert said.out == ""
    (note,) = said.err.splitlines()
    assert "which pyperf cannot store: udp/" in note
    assert export(results, "latest", "--to", f"pyperf={head}") == 0
    name = "udp/rules/assemble/elapsed_ns_per_op"
    compared = pyperf("compare_to", base, head, "--benchmark", name)
    assert "slower" in compared
    stats = pyperf("stats", base)
    assert "Number of values: 4" in stats.replace("Total number of values", "Number of values")
    assert name in stats
    assert "#" in pyperf("hist", "--benchmark", name, base)
    assert name in pyperf("check", base)
    assert "Cyrix 6x86" in pyperf("metadata", base)


def test_csv_has_one_row_per_trial(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(results, "1-base", "--to", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == (BLOCKS + 1) * len(COSTS_NS)
    assert {row["scenario"] for row in rows} == set(COSTS_NS)
    assert {row["warm_up"] for row in rows} == {"true", "false"}
    assert all(float(row["elapsed_ns_per_op"]) > 0 for row in rows)


def test_parquet_through_a_pipe(results: Path) -> None:
    from pyarrow import parquet

    command = [sys.executable, "-P", "-m", "harness", "export", "1-base", "--to", "parquet"]
    done = subprocess.run(
        command, cwd=results.parent, capture_output=True, timeout=PATIENCE_S, check=True
    )
    table = parquet.read_table(io.BytesIO(done.stdout))
    assert table.num_rows == (BLOCKS + 1) * len(COSTS_NS)
    assert b"auditbench.plan" in table.schema.metadata


@pytest.mark.parametrize(
    ("form", "package", "words"),
    [
        ("parquet", "pyarrow", ["export", "1-base"]),
        ("pyperf", "pyperf", ["export", "1-base"]),
        # Before anything is measured, and before it is asked whether that is possible.
        ("parquet", "pyarrow", ["run", "replay"]),
        ("pyperf", "pyperf", ["run", "replay"]),
    ],
)
def test_a_form_without_its_package_is_one_line(
    results: Path, tmp_path: Path, form: str, package: str, words: list[str]
) -> None:
    hidden = tmp_path / package
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ImportError('hidden')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from harness.cli import run_command\n"
        "sys.exit(run_command(sys.argv[1:]))"
    )
    target = tmp_path / "run.out"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--to", f"{form}={target}"],
        cwd=results.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert_one_line(done, 2, package, f"pip install 'auditbench[{form}]'")
    assert not target.exists()


def test_junit_has_a_case_per_comparison(results: Path, tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    assert export(results, "1-base", "--to", f"junit={file}") == 0
    root = ET.fromstring(file.read_text())
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    for scenario in COSTS_NS:
        assert (f"udp.{scenario}.assemble", "elapsed_ns_per_op") in cases
    rules = cases["udp.rules.assemble", "elapsed_ns_per_op"]
    assert rules.find("failure") is None
    assert "worse" in (rules.findtext("system-out") or "")
    assert root.get("failures") == "0"


def test_markdown(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(results, "1-base", "--to", "md") == 0
    out = capsys.readouterr().out
    assert "\n| rules | elapsed_ns_per_op | " in out


def test_json_says_what_was_written(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.csv"
    assert export(results, "1-base", "--to", f"csv={file}", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, json.loads((ROOT / "docs/schema/export.schema.json").read_text()))
    size = file.stat().st_size
    assert document["written"] == [{"to": "csv", "file": str(file), "bytes": size}]


def test_a_truncated_last_line_is_told_and_the_rest_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path / "results" / "h-1" / "1-cut", blocks=2)
    samples = folder / SAMPLES
    samples.write_bytes(samples.read_bytes()[:-10])
    assert export(folder.parent.parent, "latest", "--to", "csv") == 0
    said = capsys.readouterr()
    assert "the last line was cut short" in said.err
    assert len(said.out.splitlines()) == 3 * len(COSTS_NS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["missing", "--to", "csv"], "'missing' is not a run"),
        (["1-base", "--to", "xlsx"], "--to"),
        (["1-base"], "--to"),
        (["1-base", "--to", "csv", "--json"], "--to csv=FILE"),
        (["1-base", "--to", "csv=/no/such/folder/x"], "/no/such/folder/x"),
    ],
)
def test_bad_words(
    results: Path, words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(results, *words) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert len(said.err.splitlines()) == 1


def test_damage_is_one_line(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "results" / "h-1" / "1-bad", blocks=1)
    samples = folder / SAMPLES
    samples.write_bytes(b"{nonsense\n" + samples.read_bytes())
    done = auditbench("export", "latest", "--to", "pyperf", cwd=tmp_path)
    assert_one_line(done, 2, f"{SAMPLES}:1 is damaged")
