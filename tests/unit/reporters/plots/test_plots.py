"""What all kinds of plot have in common: files, words, data, and names that mean harm."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli import run_command
from harness.model.result import ReportView
from harness.model.run import Sample
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.picture import FORMATS, picture_bytes, svg_text
from harness.reporters.plots.style import DARK, LIGHT, wrapped
from harness.verbs.plot import Kind
from tests.support.command import ROOT
from tests.support.reports.plot_views import made_up_view
from tests.support.runs import made_up_run

KINDS = tuple(name for name in PLOTS if name not in ("scaling", "capacity"))
"""Those that every run has; test_scaling_words.py and test_capacity_blocks.py have the others."""
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = {
    "rules": "<script>alert(1)</script>",
    "disabled": r"$\frac{x}$ $\undefined",
    "no-rules": "a\x1b[31mred\x07\n\u202eback",
    "rules+exclude-exe": "x]]>&amp;'\"",
    "no-audit": "$$^_{",
    "no-audit-aa": "$$^_{-aa",
}


@pytest.fixture(scope="module")
def view() -> ReportView:
    return made_up_view()


@pytest.fixture(scope="module")
def hostile() -> ReportView:
    return made_up_view(names=HOSTILE, workload="<b>&$\x1b\u2028")


def texts(svg: str) -> list[str]:
    """The text elements of a picture, in order; a line of a name is an element of its own."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_view_gives_the_same_bytes_whose_text_is_text(kind: str, view: ReportView) -> None:
    plot = PLOTS[kind]
    assert plot.unavailable(view) is None
    first, second = (picture_bytes(plot.draw(view), "svg") for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first
    assert "rules" in texts(first.decode())
    dark = svg_text(plot.draw(view, dark=True))
    assert texts(dark) == texts(first.decode())
    assert DARK.ground in dark
    assert DARK.ground not in first.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_data_and_words_say_what_is_drawn(kind: str, view: ReportView) -> None:
    plot = PLOTS[kind]
    table = plot.table(view)
    assert table.header[:3] == ("workload", "scenario", "consumer")
    assert {len(row) for row in table.rows} == {len(table.header)}
    assert ("udp", "rules", "assemble") in {row[:3] for row in table.rows}
    assert "udp" in plot.describe(view)
    assert "rules" in plot.describe(view)
    assert next(table.records())["workload"] == "udp"


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_names_are_text_and_nothing_else(kind: str, hostile: ReportView) -> None:
    plot = PLOTS[kind]
    svg = svg_text(plot.draw(hostile))
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}b"))
    assert not any(code in svg for code in "\x1b\x07\u202e\u2028")
    shown = "".join(texts(svg))
    for piece in ("<script>", "</script>"):
        assert piece in shown
    assert r"<b>&$\x1b\u2028" in shown
    words = plot.describe(hostile)
    assert not any(code in words for code in "\x1b\x07\u202e\u2028")
    # Whoever writes it without our settings must not meet mathematics either.
    plot.draw(hostile).savefig(io.BytesIO(), format="svg")


@pytest.mark.parametrize("kind", ["forest", "drift"])
def test_a_name_with_dollars_stands_as_it_is(kind: str, hostile: ReportView) -> None:
    shown = "".join(texts(svg_text(PLOTS[kind].draw(hostile)))).replace(" ", "")
    assert r"$\frac{x}$$\undefined" in shown
    assert r"a\x1b[31mred\x07\x0a\u202eback" in shown
    for form in FORMATS:
        assert picture_bytes(PLOTS[kind].draw(hostile, dark=True), form)


def test_letters_that_the_font_lacks_do_not_fail() -> None:
    view = made_up_view(names={"rules": "規則"})
    svg = svg_text(PLOTS["forest"].draw(view))
    assert "規則" in texts(svg)
    assert picture_bytes(PLOTS["forest"].draw(view), "png")


def test_a_run_without_the_data_says_so() -> None:
    def bare(sample: Sample) -> Sample:
        keep = {"elapsed_ns_per_op": sample.metrics["elapsed_ns_per_op"]}
        document = {"ops": sample.ops}
        return replace(sample, metrics=keep, workload_document=document, timeline=(), block=0)

    nothing = made_up_view(lambda sample: replace(bare(sample), warm_up=True))
    for plot in PLOTS.values():
        assert plot.unavailable(nothing)
        assert plot.table(nothing).rows == ()
    without = made_up_view(bare)
    for kind, words in {"latency": "latency", "timeline": "timeline", "cpu": "CPU"}.items():
        assert words in (PLOTS[kind].unavailable(without) or "")
    assert PLOTS["forest"].unavailable(without) is None


def test_one_workload_of_several() -> None:
    both = [made_up_view(workload=name) for name in ("udp", "shells")]
    result = replace(
        both[0].result, comparisons=both[0].result.comparisons + both[1].result.comparisons
    )
    view = ReportView(result, both[0].samples + both[1].samples)
    svg = svg_text(PLOTS["forest"].draw(view, workload="shells"))
    assert "shells" in texts(svg)
    assert "udp" not in texts(svg)
    assert {row[0] for row in PLOTS["forest"].table(view, "shells").rows} == {"shells"}
    assert {row[0] for row in PLOTS["forest"].table(view).rows} == {"udp", "shells"}


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_text_stands_out_from_the_ground(colours: object) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert isinstance(colours, type(LIGHT))
    for text in (colours.text, colours.faint):
        for ground in (colours.ground,):
            high, low = sorted((luminance(text), luminance(ground)), reverse=True)
            assert (high + 0.05) / (low + 0.05) > 4.5
    assert len(set(colours.series)) == 7


def test_names_are_broken_and_cut() -> None:
    assert wrapped("rules+exclude-call", 14, 3).splitlines() == ["rules+exclude-", "call"]
    assert wrapped("x" * 100, 10, 1) == "x" * 9 + "…"
    # Names that begin alike are told apart by their ends.
    assert wrapped("unicast multicast-discard", 16, 2) == "unicast\n…lticast-discard"
    assert wrapped("x" * 100, 10, 2).splitlines() == ["x" * 10, "…" + "x" * 9]
    assert wrapped("", 10) == ""


def test_the_catalog_loads_no_matplotlib() -> None:
    code = "import sys, harness.reporters.plots.catalog; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    made_up_run(tmp_path / "results/h-1/run")
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("suffix", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_the_verb_writes_each_format(
    suffix: str, magic: bytes, results: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"picture.{suffix}"
    assert run_command(["plot", "--results", str(results), "-o", str(file)]) == 0
    assert file.read_bytes().startswith(magic)


def test_the_verb_prints_data_and_words(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads((ROOT / "docs/schema/plot.schema.json").read_text())
    words = ["plot", "--results", str(results), "--json", "--metric", "cpu_total_ns_per_op"]
    assert run_command(words) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert document["file"] is None
    assert {row[3] for row in document["rows"]} == {"cpu_total_ns_per_op"}
    assert schema["properties"]["kind"]["enum"] == list(get_args(Kind))
    assert set(PLOTS) <= set(get_args(Kind))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-o", "x.gif"], "end it in .svg, .png or .pdf"),
        (["-o", "x"], "end it in .svg, .png or .pdf"),
        ([], "add -o FILE"),
        (["--kind", "pie", "-o", "x.svg"], "forest"),
        (["--kind", "latency", "-o", "x.svg"], "has nothing to draw as latency: no trial"),
        (["--kind", "cpu", "--metric", "lost", "-o", "x.svg"], "--metric has no meaning for cpu"),
        (["--metric", "lost", "-o", "x.svg"], "metric 'lost' is not in this run"),
        (["--workload", "\x1b", "-o", "x.svg"], r"workload '\x1b' is not in this run: one of udp"),
        (["-o", "/no/such/folder/x.svg"], "/no/such/folder/x.svg cannot be written"),
        (["missing", "-o", "x.svg"], "'missing' is not a run"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    words: list[str],
    expected: str,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(results)
    assert run_command(["plot", *words, "--results", str(results)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert expected in said.err
    assert not list(results.glob("x*"))
