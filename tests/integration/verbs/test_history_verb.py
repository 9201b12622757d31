"""`auditbench history` over made-up runs: what belongs together, what is said, what is drawn."""

from __future__ import annotations

import csv
import io
import json
import lzma
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import run_command
from harness.store import KEPT_SAMPLES, SAMPLES
from tests.support.command import ROOT
from tests.support.stored.histories import write_history

SCHEMA = json.loads((ROOT / "docs/schema/history.schema.json").read_text(encoding="utf-8"))
STEP = [1.0, 1.01, 0.99, 1.0, 1.2, 1.19, 1.21, 1.2]


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight runs; the rules cost a fifth more from the fifth on."""
    folder = tmp_path_factory.mktemp("stepped")
    write_history(folder, STEP)
    return folder


Shown = tuple[int, str, str]


def show(capsys: pytest.CaptureFixture[str], results: Path, *words: object) -> Shown:
    code = run_command(["history", "--results", str(results), *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def document(
    capsys: pytest.CaptureFixture[str], results: Path, *words: object, code: int = 0
) -> dict[str, Any]:
    ended, out, err = show(capsys, results, "--json", *words)
    assert ended == code, err
    found: dict[str, Any] = json.loads(out)
    jsonschema.validate(found, SCHEMA)
    return found


def of(found: dict[str, Any], scenario: str) -> dict[str, Any]:
    (cell,) = [cell for cell in found["cells"] if cell["scenario"] == scenario]
    return dict(cell)


def warnings(found: dict[str, Any]) -> str:
    return "\n".join(warning["what"] for warning in found["warnings"])


def test_a_change_of_level_is_marked_where_it_is(
    stepped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, stepped)
    assert [run["started_at"][:10] for run in found["runs"]][::7] == ["2026-01-01", "2026-01-08"]
    rules = of(found, "rules")
    steps = [point["step"] is not None for point in rules["points"]]
    assert steps == [place == 4 for place in range(8)]
    step = rules["points"][4]["step"]
    assert step["after"] / step["before"] == pytest.approx(1.2, abs=0.02)
    verdicts = [point["verdict"] for point in rules["points"]]
    assert verdicts[0] is None
    assert verdicts[4] == "worse"
    assert verdicts[5] == "equal"
    assert rules["points"][4]["change"] == pytest.approx(1.2, abs=0.03)
    for other in ("disabled", "no-rules", "no-audit-aa"):
        assert not any(point["step"] for point in of(found, other)["points"])


def test_the_table_fits_and_says_it(stepped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = show(capsys, stepped, "--cell", "udp/rules")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    lines = out.splitlines()
    (row,) = [line for line in lines if line.startswith("2026-01-05 12:00 ")]
    assert "▲ worse" in row
    assert "◆ +" in row
    # The label gives way to the longest verdict.
    assert "0, Linux 6" in row
    flat = " ".join(out.split())
    assert flat.startswith("◆ 2026-01-05 12:00 udp × rules × assemble: elapsed time +")
    assert "disabled" not in out


def test_too_few_runs_are_said_to_be_too_few(
    stepped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = show(capsys, stepped, "--last", 5)
    assert code == 0
    assert "Change detection needs at least 6 runs" in out
    assert "◆" not in out
    found = document(capsys, stepped, "--last", 5)
    assert [run["name"][8:10] for run in found["runs"]] == ["04", "05", "06", "07", "08"]
    assert of(found, "rules")["runs_looked_at_for_changes"] == 0


def test_runs_of_unlike_plans_are_left_out_with_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(tmp_path, [1.0, 1.0], plan={"ops": {"udp": 500}})
    write_history(tmp_path, [1.0] * 3, first_day=3)
    found = document(capsys, tmp_path)
    assert len(found["runs"]) == 3
    assert "2 runs left out" in warnings(found)
    assert "operations of udp 500 → 1000" in warnings(found)
    others = document(capsys, tmp_path, "--like", "2026-01-02T120000Z-overhead")
    assert [run["name"][8:10] for run in others["runs"]] == ["01", "02"]
    assert len(document(capsys, tmp_path, "--allow", "ops")["runs"]) == 5
    write_history(tmp_path, [1.0], first_day=6, plan={"rate_per_s": 100.0})
    at_a_rate = document(capsys, tmp_path)
    assert len(at_a_rate["runs"]) == 1
    assert "rate per s none → 100.0" in warnings(at_a_rate)


def test_runs_whose_rules_differ_are_not_mixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old, *_) = write_history(tmp_path, [1.0] * 2)
    plan = old / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    assert 'name = "rules"' in text
    plan.write_text(
        text.replace('name = "rules"', 'name = "rules", backlog_limit = 64'), encoding="utf-8"
    )
    found = document(capsys, tmp_path)
    assert len(found["runs"]) == 1
    assert "backlog_limit of udp × rules 64 → none" in warnings(found)


def test_machines_and_plans_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(tmp_path, [1.0], machine="h-2")
    write_history(tmp_path, [1.0, 1.0], plan={"name": "mine"}, first_day=2)
    write_history(tmp_path, [1.0, 1.0], first_day=4)
    found = document(capsys, tmp_path)
    assert (found["machine"], found["plan"], len(found["runs"])) == ("h-1", "overhead", 2)
    assert "1 run of other machines (h-2)" in warnings(found)
    assert "2 runs of other plans (mine)" in warnings(found)
    assert len(document(capsys, tmp_path, "--plan", "mine")["runs"]) == 2
    assert document(capsys, tmp_path, "--machine", "h-2")["machine"] == "h-2"
    for words, expected in (
        (("--machine", "h-9"), "no run of machine 'h-9': there is h-2, h-1"),
        (("--plan", "no"), "no run of plan 'no': there are runs of"),
        (("--cell", "udp/no"), "--cell 'udp/no' is none of these runs"),
        (("--metric", "elapse"), "did you mean elapsed"),
        (("--last", "0"), "shows nothing"),
        (("--json", "--to", "csv"), "cannot both be printed"),
        (("--to", f"gif={tmp_path}/x.gif"), "no form 'gif'"),
    ):
        code, _, err = show(capsys, tmp_path, *words)
        assert code == 2
        assert expected in err
        assert err.count("\n") == 1


def test_kept_runs_are_not_the_latest_nor_mixed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(tmp_path, [1.0])
    kept = []
    for day, name in enumerate(("h-8", "h-9"), start=2):
        facts = {"facts": {"machine": name}}
        kept += write_history(tmp_path, [1.0], machine="kept", first_day=day, environment=facts)
    for folder in kept:
        data = (folder / SAMPLES).read_bytes()
        (folder / KEPT_SAMPLES).write_bytes(lzma.compress(data))
        (folder / SAMPLES).unlink()
    found = document(capsys, tmp_path)
    assert found["machine"] == "h-1"
    assert warnings(found) == ""
    found = document(capsys, tmp_path, "--machine", "h-8")
    assert [run["name"][:10] for run in found["runs"]] == ["2026-01-02"]
    assert "2 runs of other machines (h-9, h-1)" in warnings(found)
    assert document(capsys, tmp_path, "--like", kept[1])["machine"] == "h-9"


def test_damaged_stopped_and_doubtful_runs_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, unreadable, stopped, doubtful, _ = write_history(tmp_path, [1.0] * 5)
    (damaged / SAMPLES).write_text("{}\n", encoding="utf-8")
    (unreadable / "plan.toml").write_text("\x00", encoding="utf-8")
    lines = (stopped / SAMPLES).read_text(encoding="utf-8").splitlines(keepends=True)
    (stopped / SAMPLES).write_text("".join(lines[:30]), encoding="utf-8")
    text = (doubtful / SAMPLES).read_text(encoding="utf-8")
    (doubtful / SAMPLES).write_text(text.replace('"unexplained":0', '"unexplained":3'))
    found = document(capsys, tmp_path)
    marks = [(run["complete"], run["trustworthy"]) for run in found["runs"]]
    assert marks == [(False, True), (True, False), (True, True)]
    # The last is compared with the one before it that can be relied on.
    verdicts = [point["verdict"] for point in of(found, "rules")["points"]]
    assert verdicts[:2] == [None, None]
    assert verdicts[2] is not None
    assert warnings(found).count("left out:") == 2
    code, out, _ = show(capsys, tmp_path)
    assert code == 0
    assert "stopped" in out
    assert "doubtful" in out
    for folder in tmp_path.glob("*/*"):
        (folder / SAMPLES).write_text("{}\n", encoding="utf-8")
    code, out, _ = show(capsys, tmp_path)
    assert code == 3
    assert out.startswith("Nothing to show: ")
    assert out.count("! left out:") == 5


def test_labels_and_what_the_host_became(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "=1+1 \x1b[31m[red]x"
    write_history(tmp_path, [1.0], environment={"label": hostile})
    newer = {"facts": {"kernel": {"release": "6.2.0"}}}
    write_history(tmp_path, [1.0], first_day=2, environment=newer)
    found = document(capsys, tmp_path)
    assert [run["label"] for run in found["runs"]] == [hostile, "0, Linux 6.2.0"]
    assert found["runs"][1]["notes"] == ["kernel 6.1.0 #1 SMP → 6.2.0 #1 SMP"]
    _, out, _ = show(capsys, tmp_path)
    assert "\x1b" not in out
    assert "=1+1 \\x1b[31m[red]x" in out
    _, out, _ = show(capsys, tmp_path, "--to", "csv", "--cell", "rules")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"][:2] for row in rows] == ["'=", "0,"]
    assert float(rows[1]["ratio"]) == pytest.approx(2.5, rel=0.02)


def test_it_is_drawn(stepped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    svg, png = tmp_path / "h.svg", tmp_path / "h.png"
    assert show(capsys, stepped, "--to", f"svg={svg}")[0] == 0
    words = ["plot", "--kind", "history", "--results", str(stepped), "-o", str(png), "--json"]
    assert run_command(words) == 0
    plotted = json.loads(capsys.readouterr().out)
    schema = json.loads((ROOT / "docs/schema/plot.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(plotted, schema)
    assert "◆ 2026-01-05" in plotted["text"]
    assert plotted["run"] == "h-1/2026-01-08T120000Z-overhead"
    assert len(plotted["rows"]) == 8 * 5
    drawn = svg.read_text(encoding="utf-8")
    assert "+20" in drawn or "+19" in drawn
    assert "udp × rules" in drawn
    assert png.read_bytes().startswith(b"\x89PNG")
