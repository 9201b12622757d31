"""Runs in the formats of other tools: flat rows, CSV, Parquet, pyperf."""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.model.run import Sample
from harness.model.stored.environment import StoredEnvironment
from harness.reporters.export.parquet import trials_parquet
from harness.reporters.export.pyperf import pyperf_file
from harness.reporters.export.trial_rows import trial_rows
from harness.reporters.render.csv import csv_text
from tests.support.runs import COSTS_NS, made_up_sample
from tests.support.stored.two_runs import FACTS


def samples(blocks: int = 3) -> list[Sample]:
    chance = random.Random(1)
    return [
        made_up_sample(scenario, block, index, chance)
        for block in range(blocks + 1)
        for index, scenario in enumerate(COSTS_NS)
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_text_that_a_spreadsheet_would_run_is_neutralised(text: str) -> None:
    (_, cell) = csv.reader(io.StringIO(csv_text([{"name": text}]), newline=""))
    assert cell == ["'" + text]


@pytest.mark.parametrize("char", ["\r", "\n", "\t", "\x00", "\x1b", "\u2028"])
def test_a_row_is_a_line_whatever_a_name_holds(char: str) -> None:
    text = csv_text([{"name": f"{char}=1"}, {"name": "next"}])
    assert len(text.splitlines()) == 3
    assert char not in text.replace("\n", "", 3)


def test_numbers_flags_and_quotes_come_through() -> None:
    row = {"a": -1.5, "b": True, "c": None, "d": 'say "a, b"', "e": 0, "f": "a-b"}
    text = csv_text([row, {"a": 2, "g": "later"}])
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    expected = {"a": "-1.5", "b": "true", "c": "", "d": 'say "a, b"', "e": "0", "f": "a-b"}
    assert first == {**expected, "g": ""}
    assert second["g"] == "later"


def test_one_row_per_trial_with_the_same_columns() -> None:
    made = samples()
    made[1] = replace(made[1], metrics={"elapsed_ns_per_op": 1.0}, warnings=("odd", "more"))
    rows = trial_rows("m/r", made)
    assert len(rows) == len(made)
    assert len({tuple(row) for row in rows}) == 1
    assert rows[1]["cpu_total_ns_per_op"] is None
    assert rows[1]["warnings"] == "odd; more"
    rules = next(row for row in rows if row["scenario"] == "rules")
    assert rules["ledger_complete"] == rules["ledger_generated"] == 1000


def test_parquet_has_the_same_values_with_types_of_their_own() -> None:
    import pyarrow
    from pyarrow import parquet

    made = samples()
    data = trials_parquet("m/r", made, {"auditbench.run": "m/r"})
    table = parquet.read_table(io.BytesIO(data))
    assert table.to_pylist() == trial_rows("m/r", made)
    assert table.schema.field("ledger_refused_low").type == pyarrow.int64()
    assert table.schema.field("ledger_waited_ms").type == pyarrow.float64()
    assert table.schema.field("elapsed_ns_per_op").type == pyarrow.float64()
    assert table.schema.field("valid").type == pyarrow.bool_()
    assert table.schema.metadata[b"auditbench.run"] == b"m/r"


def test_without_pyarrow_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="pip install 'auditbench"):
        trials_parquet("m/r", samples(), {})


def test_pyperf_holds_one_value_per_block_in_seconds() -> None:
    made = samples(blocks=3)
    made.append(replace(made[-1], block=4, valid=False, metrics={"elapsed_ns_per_op": 1e12}))
    environment = StoredEnvironment.read({"auditbench": "1.0", "python": "3.11.7", "facts": FACTS})
    text, left_out = pyperf_file(made, ["elapsed_ns_per_op"], environment)
    assert left_out == []
    suite = json.loads(text)
    assert len(suite["benchmarks"]) == len(COSTS_NS)
    import pyperf

    loaded = pyperf.BenchmarkSuite.loads(text)
    rules = loaded.get_benchmark("udp/rules/assemble/elapsed_ns_per_op")
    values = [
        s.metrics["elapsed_ns_per_op"] / 1e9
        for s in made
        if s.scenario == "rules" and not s.warm_up and s.valid
    ]
    assert list(rules.get_values()) == pytest.approx(values)
    metadata = rules.get_metadata()
    assert metadata["unit"] == "second"
    assert metadata["cpu_model_name"] == "Cyrix 6x86"
    assert metadata["platform"] == "Linux-6.1.0-x86_64"


@pytest.mark.parametrize("moment", ["", " ", "+00:00"])
def test_a_trial_without_a_date_is_given_to_pyperf_without_one(moment: str) -> None:
    made = [replace(sample, started_at=moment) for sample in samples()]
    text, _ = pyperf_file(made, ["elapsed_ns_per_op"], StoredEnvironment())
    assert "auditbench_block" in text
    assert '"date"' not in text


def test_what_was_zero_is_left_out_of_pyperf_and_named() -> None:
    metrics = ["elapsed_ns_per_op", "cpu_consumer_ns_per_op"]
    text, left_out = pyperf_file(samples(), metrics, StoredEnvironment())
    names = {f"udp/{name}/assemble/cpu_consumer_ns_per_op" for name in COSTS_NS if name != "rules"}
    assert set(left_out) == names
    assert "udp/rules/assemble/cpu_consumer_ns_per_op" in text
    with pytest.raises(UsageError, match="nothing that pyperf could hold"):
        pyperf_file([], ["elapsed_ns_per_op"], StoredEnvironment())


def test_nothing_at_all_is_an_empty_table() -> None:
    assert trial_rows("m/r", []) == []
    assert csv_text([]) == "\n"
