"""`auditbench compare` through the command line: tables, files, refusals, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import run_command
from harness.store import PLAN, SAMPLES
from tests.support.command import ROOT, assert_one_line, auditbench
from tests.support.patience import PATIENCE_S
from tests.support.runs import COSTS_NS
from tests.support.stored.two_runs import write_run

SCHEMA = json.loads((ROOT / "docs/schema/compare.schema.json").read_text())


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that differ in one thing each; the names sort by age."""
    folder = tmp_path_factory.mktemp("runs") / "results" / "h-1"
    write_run(folder / "1-base", seed=1)
    write_run(folder / "2-same", seed=2, drift=1.4)
    write_run(folder / "3-worse", seed=3, costs={"rules": 1.1})
    write_run(folder / "4-lossy", seed=4, lost_share=0.2)
    newer = {"facts": {"kernel": {"release": "6.2.0"}}}
    write_run(folder / "5-kernel", seed=5, environment=newer)
    write_run(folder / "6-single", seed=6, blocks=1)
    return folder.parent


class Said:
    """What one command line said and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def one_line(self, code: int, *words: str) -> None:
        assert self.code == code, self.out + self.err
        assert len(self.err.splitlines()) == 1, self.err
        assert self.err.startswith("auditbench: ")
        for word in words:
            assert word in self.err, self.err


class Caller:
    """Calls `auditbench compare` on the made-up runs."""

    def __init__(self, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.results, self.capsys = results, capsys

    def __call__(self, *words: object) -> Said:
        code = run_command(["compare", *map(str, words), "--results", str(self.results)])
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    def document(self, *words: object, code: int) -> dict[str, Any]:
        said = self(*words, "--json")
        assert said.code == code, said.out + said.err
        document: dict[str, Any] = json.loads(said.out)
        jsonschema.validate(document, SCHEMA)
        return document


@pytest.fixture
def compare(results: Path, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(results, capsys)


def change_of(document: dict[str, Any], scenario: str, metric: str) -> dict[str, Any]:
    (found,) = [
        change
        for change in document["pairs"][0]["changes"]
        if (change["scenario"], change["metric"]) == (scenario, metric)
    ]
    assert isinstance(found, dict)
    return found


def test_equal_runs_on_a_machine_that_became_slower(compare: Caller) -> None:
    document = compare.document("1-base", "2-same", code=0)
    rules = change_of(document, "rules", "elapsed_ns_per_op")
    assert rules["verdict"] == "equal"
    assert rules["method"] == "of-ratios"
    assert rules["plain_ratio"] > 1.2
    assert document["verdict"] == "no-worse"


def test_what_got_worse_is_named_and_the_exit_code_is_1(compare: Caller) -> None:
    said = compare("1-base", "3-worse")
    assert said.code == 1
    assert "Worse: udp × rules (elapsed time)" in said.out.replace("\n", " ")
    assert max(map(len, said.out.splitlines())) <= 80
    document = compare.document("1-base", "3-worse", code=1)
    rules = change_of(document, "rules", "elapsed_ns_per_op")
    assert rules["ci_low"] < 1.1 < rules["ci_high"]
    assert change_of(document, "disabled", "elapsed_ns_per_op")["verdict"] != "worse"


def test_the_answer_comes_first(compare: Caller) -> None:
    worse = "Worse: udp × rules (elapsed time), udp × rules (total CPU)."
    shown = compare("1-base", "3-worse").out
    assert shown.startswith(worse)
    assert shown.count("Worse") == 1
    markdown = compare("1-base", "3-worse", "--to", "md").out
    assert markdown.startswith(f"## auditbench compare\n\n**{worse}**\n")


def test_the_plain_interval_stands_where_there_is_room(compare: Caller) -> None:
    assert "plain 95 %" not in compare("1-base", "2-same").out
    assert "| plain | plain 95 % |" in compare("1-base", "2-same", "--to", "md").out
    within = compare("1-base:no-rules", ":rules", "--to", "md").out
    assert "| ratio | 95 % interval | verdict |\n" in within


def test_the_other_way_round_it_got_better(compare: Caller) -> None:
    document = compare.document("3-worse", "1-base", code=0)
    assert change_of(document, "rules", "elapsed_ns_per_op")["verdict"] == "better"


def test_loss_alone_is_worse(compare: Caller) -> None:
    document = compare.document("1-base", "4-lossy", code=1)
    (loss,) = [loss for loss in document["pairs"][0]["losses"] if loss["scenario"] == "rules"]
    assert loss["verdict"] == "lost"
    assert loss["difference"] == pytest.approx(0.2)
    assert loss["base"]["trials_with_loss"] == 0
    assert loss["head"]["trials_with_loss"] == loss["head"]["trials"] == 8
    words = "udp × rules (lost 20 % of the events in 8 of 8 trials, where the base lost none)"
    assert words in document["answer"]
    verdicts = {each["verdict"] for each in document["pairs"][0]["changes"]}
    assert "lost" in verdicts
    assert compare.document("4-lossy", "1-base", code=0)["verdict"] == "no-worse"


def test_several_heads_have_a_table_each(compare: Caller) -> None:
    document = compare.document("1-base", "2-same", "3-worse", code=1)
    assert [pair["head"] for pair in document["pairs"]] == ["h-1/2-same", "h-1/3-worse"]


def test_by_folder_and_by_age(compare: Caller, results: Path) -> None:
    document = compare.document(results / "h-1/1-base", "latest~4", code=0)
    assert document["pairs"][0]["base"] == "h-1/1-base"
    assert document["pairs"][0]["head"] == "h-1/2-same"
    compare("latest~9", "latest").one_line(2, "latest~9 is not a run", "holds 6")


def test_scenarios_of_one_run_are_paired_by_block(compare: Caller) -> None:
    document = compare.document("1-base:no-rules", ":rules", "1-base:rules+exclude-exe", code=1)
    first, second = document["pairs"]
    assert first["within"]
    assert second["head"] == "h-1/1-base:rules+exclude-exe"
    change = change_of(document, "rules", "elapsed_ns_per_op")
    assert change["method"] == "paired"
    assert change["base_scenario"] == "no-rules"
    assert change["ratio"] == pytest.approx(15_000 / 6_100, rel=0.02)
    assert change["plain_ratio"] is None
    assert change["blocks"] == 8


def test_a_scenario_named_once_is_meant_on_both_sides(compare: Caller) -> None:
    document = compare.document("1-base", "3-worse:disabled", code=0)
    scenarios = {change["scenario"] for change in document["pairs"][0]["changes"]}
    assert scenarios == {"no-audit", "disabled"}


def test_markdown_and_csv(compare: Caller) -> None:
    shown = compare("1-base", "3-worse", "--to", "md")
    assert shown.code == 1
    assert "### h-1/3-worse against h-1/1-base" in shown.out
    assert "▲ worse" in shown.out
    table = compare("1-base", "3-worse", "--to", "csv")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert len(rows) == 3 * len(COSTS_NS)
    rules = [row for row in rows if row["scenario"] == "rules"]
    assert [row["verdict"] for row in rules] == ["worse", "worse", "equal"]
    assert [row["metric"] for row in rules][-1] == "lost"


@pytest.mark.parametrize(
    ("head", "form", "code"), [("2-same", (), 0), ("3-worse", ("--to", "json"), 1)]
)
def test_a_reader_that_has_left_changes_no_verdict(
    results: Path, head: str, form: tuple[str, ...], code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-P", "-m", "harness", "compare", "1-base", head, *form]
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            command,
            cwd=results.parent,
            stdout=gone,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.parametrize("kind", ["md", "csv", "json"])
def test_the_file_holds_what_would_be_printed(compare: Caller, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    said = compare("1-base", "2-same", "--to", f"{kind}={file}")
    assert (said.code, said.out) == (0, compare("1-base", "2-same").out)
    printed = compare("1-base", "2-same", "--to", kind).out
    written = file.read_text()
    if kind == "json":
        assert json.loads(printed) == json.loads(written)
    else:
        assert printed == written


def test_all_metrics_or_those_named(compare: Caller) -> None:
    everything = compare.document("1-base", "2-same", "--metric", "all", code=0)
    metrics = {change["metric"] for change in everything["pairs"][0]["changes"]}
    assert {"cpu_workload_ns_per_op", "cpu_kauditd_ns_per_op"} <= metrics
    one = compare.document("1-base", "2-same", "--metric", "cpu", code=0)
    assert one["primary"] == "cpu_total_ns_per_op"
    assert {change["metric"] for change in one["pairs"][0]["changes"]} == {one["primary"]}


def test_a_wider_margin_forgives(compare: Caller) -> None:
    assert compare("1-base", "3-worse", "--margin", "20%").code == 0
    assert compare("1-base", "3-worse", "--margin", "elapsed=20%", "cpu=1%").code == 1


def test_unlike_runs_are_refused_in_one_line(compare: Caller) -> None:
    said = compare("1-base", "5-kernel")
    said.one_line(2, "are not alike", "kernel 6.1.0 #1 SMP → 6.2.0 #1 SMP", "--allow kernel")
    allowed = compare("1-base", "5-kernel", "--allow", "kernel,rules")
    assert allowed.code == 0
    assert "compared although they differ: kernel" in " ".join(allowed.out.split())
    assert compare("1-base", "5-kernel", "--force").code == 0
    assert compare("1-base", "5-kernel", "--allow", "rules").code == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["1-base"], "nothing to compare 1-base with"),
        (["1-base", "1-base"], "compared with itself"),
        (["1-base", "missing"], "'missing' is not a run"),
        (["1-base", "2-same:nonsense"], "has no scenario 'nonsense'"),
        (["1-base", "2-same", "--metric", "nonsense"], "'nonsense'"),
        (["1-base", "2-same", "--metric", "p99"], "no value of latency_p99_ns in common"),
        (["1-base", "2-same", "--margin", "much"], "'much'"),
        (["1-base", "2-same", "--allow", "nonsense"], "'nonsense' is not a known difference"),
        (["1-base", "2-same", "--to", "html"], "--to html"),
        (["1-base", "2-same", "--json", "--to", "md"], "cannot both be printed"),
        (["1-base", "2-same", "--to", "md=/no/such/folder/file"], "/no/such/folder/file"),
    ],
)
def test_bad_words(compare: Caller, words: list[str], expected: str) -> None:
    compare(*words).one_line(2, expected)


def test_too_few_blocks_for_any_verdict(compare: Caller) -> None:
    compare("1-base", "6-single").one_line(3, "1 block is too few for any verdict", "--blocks")


def test_runs_without_a_common_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results" / "h-1"
    write_run(folder / "1-one", blocks=2)
    write_run(folder / "2-other", blocks=2, rename={name: f"other-{name}" for name in COSTS_NS})
    compare = Caller(folder.parent, capsys)
    compare("1-one", "2-other").one_line(2, "have no cell in common", "udp × no-audit")


def test_the_reference_alone_is_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "h-1"
    rest = {name: f"other-{name}" for name in COSTS_NS if not name.startswith("no-audit")}
    write_run(folder / "1-one", seed=1)
    write_run(folder / "2-other", seed=2, rename=rest)
    said = Caller(folder.parent, capsys)("1-one", "2-other", "--force")
    assert said.code == 3
    assert "Inconclusive: h-1/2-other and h-1/1-one have nothing to compare but the reference." in (
        " ".join(said.out.split())
    )


def test_scenarios_of_other_names_in_two_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "h-1"
    rules = {"rules": ["-w /etc -p wa"]}
    write_run(folder / "1-old", seed=1, rename={"rules": "old"})
    write_run(folder / "2-new", seed=2, rename={"rules": "new"}, rules=rules, costs={"rules": 1.2})
    compare = Caller(folder.parent, capsys)
    compare("1-old", "2-new").one_line(2, "scenarios: old only in BASE; new only in HEAD")
    document = compare.document("1-old:old", "2-new:new", code=1)
    change = change_of(document, "new", "elapsed_ns_per_op")
    assert change["base_scenario"] == "old"
    assert change["ratio"] == pytest.approx(1.2, rel=0.02)


def test_a_scenario_with_a_consumer_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(tmp_path / "results" / "h-1" / "1-one")
    samples = folder / SAMPLES
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    for line in lines:
        if line["scenario"] == "rules+exclude-exe":
            line["consumer"] = "count"
    samples.write_text("".join(json.dumps(line) + "\n" for line in lines))
    compare = Caller(folder.parent.parent, capsys)
    document = compare.document("1-one:rules", ":rules+exclude-exe", code=0)
    change = change_of(document, "rules+exclude-exe", "elapsed_ns_per_op")
    assert (change["base_consumer"], change["consumer"]) == ("assemble", "count")
    assert change["ratio"] == pytest.approx(7_200 / 15_000, rel=0.02)
    assert "rules → rules+exclude-exe (assemble → count)" in " ".join(
        compare("1-one:rules", ":rules+exclude-exe", "--to", "md").out.split()
    )


def test_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results" / "h-1"
    write_run(folder / "1-base", seed=1)
    write_run(folder / "2-cut", seed=2)
    compare = Caller(folder.parent, capsys)
    samples = folder / "2-cut" / SAMPLES
    whole = samples.read_bytes()
    samples.write_bytes(whole[:-30])
    cut = compare("1-base", "2-cut")
    assert cut.code == 0
    words = " ".join(cut.out.split())
    assert "the last line was cut short and is left out" in words
    assert "was stopped before its end" in words
    samples.write_bytes(whole.replace(b'"metrics"', b'"metrics', 1))
    compare("1-base", "2-cut").one_line(2, f"{SAMPLES}:1 is damaged")
    samples.write_bytes(b"")
    compare("1-base", "2-cut").one_line(2, "the latter none with a trial that counts")
    samples.write_bytes(whole)
    (folder / "2-cut" / PLAN).write_text("= nonsense")
    compare("1-base", "2-cut").one_line(2, PLAN, "is damaged")


def test_a_trial_that_was_made_again_is_one_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "h-1"
    write_run(folder / "1-base", seed=1)
    write_run(folder / "2-again", seed=2)
    samples = folder / "2-again" / SAMPLES
    *lines, last = samples.read_text().splitlines(keepends=True)
    disturbed = json.loads(lines[-1]) | {"valid": False, "disturbed": True}
    lines.insert(-1, json.dumps(disturbed) + "\n")
    samples.write_text("".join([*lines, last]))
    compare = Caller(folder.parent, capsys)
    whole = " ".join(compare("1-base", "2-again").out.split())
    assert "not used" not in whole
    assert "was stopped" not in whole
    samples.write_text("".join(lines))
    words = " ".join(compare("1-base", "2-again").out.split())
    assert "not used" not in words
    assert "h-1/2-again was stopped before its end" in words


def test_a_run_with_events_unaccounted_for_is_not_relied_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "h-1"
    write_run(folder / "1-base", seed=1)
    write_run(folder / "2-open", seed=2, costs={"rules": 1.5})
    samples = folder / "2-open" / SAMPLES
    samples.write_bytes(samples.read_bytes().replace(b'"unexplained":0', b'"unexplained":5'))
    said = Caller(folder.parent, capsys)("1-base", "2-open")
    assert said.code == 3
    assert "Not trustworthy" in said.out


def test_names_from_a_run_cannot_colour_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "results" / "h-1"
    rename = {"rules": "=\x1b[31m[bold]|x"}
    write_run(folder / "1-a", seed=1, blocks=3, rename=rename)
    write_run(folder / "2-b", seed=2, blocks=3, rename=rename)
    compare = Caller(folder.parent, capsys)
    for form in ((), ("--to", "md")):
        shown = compare("1-a", "2-b", *form).out
        assert "\x1b" not in shown
        assert "\\x1b" in shown
    rows = list(csv.DictReader(io.StringIO(compare("1-a", "2-b", "--to", "csv").out)))
    assert "'=\\x1b[31m[bold]|x" in {row["scenario"] for row in rows}


def test_as_a_process_of_its_own(results: Path) -> None:
    done = auditbench("compare", "1-base", "3-worse", cwd=results.parent)
    assert done.returncode == 1
    assert "▲ worse" in done.stdout
    refused = auditbench("compare", "1-base", "5-kernel", cwd=results.parent)
    assert_one_line(refused, 2, "are not alike")
