"""Runs on disk: what was appended comes back, and damage is told in one line."""

from __future__ import annotations

import gc
import json
import lzma
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.run import Ledger, Sample
from harness.store import ENVIRONMENT, KEPT_SAMPLES, PLAN, SAMPLES, RunWriter, find_run, load_run

LEDGER = Ledger(generated=3, complete=3, partial=0, lost=0, waited_ms=0.5)


def sample(index: int) -> Sample:
    return Sample(
        index=index,
        workload="udp",
        scenario="rules",
        consumer="assemble",
        block=1,
        position=index,
        seed=7,
        ops=3,
        started_at="2026-01-01T00:00:00.000+00:00",
        duration_ns=5,
        metrics={"elapsed_ns_per_op": 12.5},
        ledger=LEDGER,
        workload_document={"ops": 3},
        warnings=("odd",),
    )


def write(folder: Path, count: int = 2) -> Path:
    with RunWriter(folder) as writer:
        writer.describe({"name": "p", "reference_scenario": None, "blocks": 2}, {"schema": "e"})
        for index in range(count):
            writer.append(sample(index))
    return folder


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    run = load_run(write(tmp_path / "m" / "r"))
    assert run.samples == (sample(0), sample(1))
    assert run.plan.document == {"name": "p", "blocks": 2}
    assert (run.plan.name, run.plan.blocks, run.plan.reference_scenario) == ("p", 2, None)
    assert run.name == "m/r"
    assert run.cautions == ()


def test_each_sample_is_on_the_disk_before_the_next(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "r") as writer:
        writer.describe({}, {})
        writer.append(sample(0))
        assert len((tmp_path / "r" / SAMPLES).read_text().splitlines()) == 1


def test_a_truncated_last_line_is_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "r")
    path = folder / SAMPLES
    path.write_text(path.read_text()[:-20])
    run = load_run(folder)
    assert run.samples == (sample(0),)
    assert [caution.name for caution in run.cautions] == ["truncated"]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "r")
    path = folder / SAMPLES
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("{nonsense\n" + lines[1])
    with pytest.raises(UsageError, match=rf"{SAMPLES}:1 is damaged"):
        load_run(folder)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", count=1)
    path = folder / SAMPLES
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "schema": 99}) + "\n")
    with pytest.raises(UsageError, match="schema 99"):
        load_run(folder)


def test_a_field_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", count=1)
    path = folder / SAMPLES
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "metrics": {"elapsed_ns_per_op": "fast"}}) + "\n")
    with pytest.raises(UsageError, match=r"samples.jsonl:1 is damaged .*metrics"):
        load_run(folder)


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", count=1)
    path = folder / SAMPLES
    document = json.loads(path.read_text())
    document["ledger"]["new"] = 1
    path.write_text(json.dumps({**document, "new": 1}) + "\n")
    assert load_run(folder).samples == (sample(0),)


def test_reading_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    folder = write(tmp_path / "r")
    load_run(folder)
    assert gc.isenabled()
    (folder / SAMPLES).write_text("{nonsense\n")
    with pytest.raises(UsageError):
        load_run(folder)
    assert gc.isenabled()


@pytest.mark.parametrize("name", [PLAN, ENVIRONMENT])
def test_a_damaged_document_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "r")
    (folder / name).write_text("= { not")
    with pytest.raises(UsageError, match=name):
        load_run(folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (PLAN, 'scenarios = "rules"'),
        (PLAN, 'kind = "other"'),
        (PLAN, 'margin = "2%"'),
        (PLAN, "[[scenarios.udp]]\nrules = []"),
        (PLAN, '[[scenarios.udp]]\nname = "rules"\nconsumer = 1'),
        (PLAN, '[invalid]\nretries = "often"'),
        (PLAN, '[invalid]\nagain = "often"'),
        (ENVIRONMENT, "[]"),
        (ENVIRONMENT, '{"facts": 1}'),
        (ENVIRONMENT, '{"facts": {"cpu": {"online": 2}}}'),
        (ENVIRONMENT, '{"cautions": [1]}'),
        (ENVIRONMENT, '{"facts": {"load": {"memory_bytes": "much"}}}'),
        (ENVIRONMENT, '{"ever_enabled": 1}'),
    ],
)
def test_a_document_of_another_shape_is_named(tmp_path: Path, name: str, text: str) -> None:
    folder = write(tmp_path / "r")
    (folder / name).write_text(text)
    with pytest.raises(UsageError, match=f"{name} is damaged"):
        load_run(folder)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        RunWriter(tmp_path / "file" / "r")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "r") as writer:
        writer._samples.close()
        writer._samples = Path("/dev/full").open("ab", buffering=0)
        with pytest.raises(UsageError, match="No space left") as caught:
            writer.append(sample(0))
    assert "\n" not in caught.value.one_line()


def test_finding_runs(tmp_path: Path) -> None:
    write(tmp_path / "m" / "2026-01-01T000000Z-p")
    newer = write(tmp_path / "other" / "2026-01-02T000000Z-p")
    assert find_run("latest", tmp_path) == newer
    assert find_run("other/2026-01-02T000000Z-p", tmp_path) == newer
    assert find_run("2026-01-02T000000Z-p", tmp_path) == newer
    assert find_run(str(newer), tmp_path / "elsewhere") == newer
    with pytest.raises(UsageError, match="is not a run"):
        find_run("nothing", tmp_path)
    older = tmp_path / "m" / "2026-01-01T000000Z-p"
    assert find_run("latest~0", tmp_path) == newer
    assert find_run("latest~1", tmp_path) == older
    with pytest.raises(UsageError, match=r"latest~2 is not a run: .* holds 2"):
        find_run("latest~2", tmp_path)
    with pytest.raises(UsageError, match="no run under"):
        find_run("latest", tmp_path / "empty")


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    results = tmp_path / "results"
    with pytest.raises(KeyError), RunWriter(results / "machine" / "run"):
        raise KeyError
    assert not results.exists()
    results.mkdir()
    with pytest.raises(KeyError), RunWriter(results / "machine" / "run"):
        raise KeyError
    assert list(results.iterdir()) == []


def keep(folder: Path) -> Path:
    """The same run with its samples compressed."""
    samples = folder / SAMPLES
    (folder / KEPT_SAMPLES).write_bytes(lzma.compress(samples.read_bytes()))
    samples.unlink()
    return folder


def test_a_kept_run_is_read_as_well(tmp_path: Path) -> None:
    folder = keep(write(tmp_path / "m" / "r"))
    assert load_run(folder).samples == (sample(0), sample(1))
    assert find_run("r", tmp_path) == folder


def test_a_kept_run_is_never_the_latest(tmp_path: Path) -> None:
    keep(write(tmp_path / "m" / "2"))
    with pytest.raises(UsageError, match=r"are compressed.*list runs"):
        find_run("latest", tmp_path)
    with pytest.raises(UsageError, match="no run under"):
        find_run("latest", tmp_path / "m")
    measured = write(tmp_path / "m" / "1")
    assert find_run("latest", tmp_path) == measured


def test_a_damaged_kept_run_is_named(tmp_path: Path) -> None:
    folder = keep(write(tmp_path / "m" / "r"))
    path = folder / KEPT_SAMPLES
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UsageError, match=f"{KEPT_SAMPLES} is damaged"):
        load_run(folder)
