"""The page of a report: its parts, its order, its colours; and the verb that writes it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from matplotlib.figure import Figure

from harness.answers.result import in_plan_order, make_result
from harness.cli import run_command
from harness.model.caution import Caution
from harness.model.result import ReportView, Result
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.reporters.html.facts import commands, rule_sets
from harness.reporters.html.figures import Drawing
from harness.reporters.html.page import report_html
from harness.reporters.html.svg import Palette, inline_svg
from harness.reporters.plainly import made_plain
from harness.reporters.plots.base import Plot, Table
from harness.reporters.plots.catalog import PLOTS
from harness.store import load_run
from tests.support.schemas import schema
from tests.support.stored.two_runs import write_run

FOREST = {"forest": PLOTS["forest"]}
"""Where the test is not about plots: drawing takes time."""


class Page(HTMLParser):
    """Elements in order, and the text of the document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.elements)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    return write_run(results / "m" / "2026-01-01T000000Z-overhead", lost_share=0.01)


@pytest.fixture(scope="module")
def view(folder: Path) -> ReportView:
    stored = load_run(folder)
    return ReportView(make_result(stored), tuple(in_plan_order(stored)))


@pytest.fixture(scope="module")
def page(view: ReportView) -> str:
    cautions = (Caution("noise", "a warning of the test", "do this"),)
    result = replace(view.result, cautions=cautions, complete=False)
    return report_html([replace(view, result=result)], PLOTS)


def test_the_parts_come_in_order(page: str) -> None:
    places = [page.index(f'id="r0-{name}"') for name in (
        "answer", "forest", "cpu", "ledger", "noise", "host", "plan", "rules", "again", "warnings",
    )]  # fmt: skip
    assert places == sorted(places)


def test_the_answer_has_its_interval_and_its_verdict(page: str, view: ReportView) -> None:
    (rules,) = [
        c
        for c in view.result.comparisons
        if c.cell.scenario == "rules" and c.metric == view.result.primary
    ]
    assert rules.ratio is not None
    assert rules.ci_low is not None
    answer = page[page.index('id="r0-answer"') : page.index('id="r0-forest"')]
    assert f"{(rules.ratio - 1) * 100:+.0f} %" in answer
    assert f"95 %: {(rules.ci_low - 1) * 100:+.0f} %" in answer
    assert '<span class="shape" aria-hidden="true">▲</span> worse' in answer
    assert "did not arrive whole" in answer
    assert 'href="#r0-warnings">1 warning</a>' in answer
    assert "stopped early" in answer


def test_headings_are_in_order_and_ids_are_unique(page: str, view: ReportView) -> None:
    for text in (page, report_html([view, view], FOREST, None, ["nothing in common"])):
        elements = Page(text).elements
        levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h\d", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        links = [a.get("href") or a.get("clip-path") or "" for _, a in elements]
        targets = re.findall(r"#([\w-]+)", " ".join(links))
        assert targets
        assert set(targets) <= set(ids)


def test_every_plot_has_a_caption_words_and_data(page: str, view: ReportView) -> None:
    shown = [plot for plot in PLOTS.values() if not plot.unavailable(view)]
    found = Page(page)
    assert len(shown) >= 2
    assert found.count("figure") == found.count("figcaption") == len(shown)
    for tag, attributes in found.elements:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
    for plot in shown:
        text = page[page.index(f"<figcaption>{plot.title}") :]
        text = text[: text.index("</figure>")]
        assert plot.describe(view).splitlines()[0][:40] in text
        assert 'data-do="csv"' in text


def long_plot() -> Plot[ReportView]:
    """A plot with more data than a page shows."""
    rows = tuple((f"=row {place}", place) for place in range(300))
    return Plot(
        name="forest",
        title="A long one",
        picture=lambda view, choice, ink: draw(dark=False),
        data=lambda view, choice: Table(("name", "value"), rows),
        words=lambda view, choice: "It is long.",
        missing=lambda view, choice: None,
    )


def test_a_long_table_is_only_copied(view: ReportView) -> None:
    text = report_html([view], {"forest": long_plot()})
    assert "A long one: data. 300 rows, too many to show here." in text
    data = text[text.index('<pre class="csv" hidden>') :]
    assert data.startswith('<pre class="csv" hidden>name,value\n&#39;=row 0,0\n')
    assert "<td>=row 0" not in text


def test_landmarks_and_a_way_past_them(page: str) -> None:
    found = Page(page)
    for tag in ("header", "nav", "main", "footer"):
        assert found.count(tag) == 1
    assert 'class="skip" href="#main"' in page


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_can_be_read_in_both_themes(page: str) -> None:
    blocks = re.findall(r"(--page:[^}]*)}", page)
    assert len(blocks) == 3
    for block in blocks:
        colours = dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block))
        assert len(colours) >= 13
        for ground in ("page", "card", "code"):
            for ink in ("ink", "muted", "accent"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for verdict in ("worse", "better", "equal", "inconclusive"):
            assert contrast(colours[verdict], colours["card"]) >= 4.5, verdict
            assert contrast(colours[verdict], colours["code"]) >= 4.5, verdict
        assert contrast(colours["alert-ink"], colours["alert"]) >= 4.5
    assert blocks[1] == blocks[2]


def draw(dark: bool, *, extra: bool = False) -> Figure:
    figure = Figure(figsize=(2, 1))
    axes = figure.add_subplot()
    axes.plot([0, 1], color="#fedcba" if dark else "#123456", gid="line")
    if extra and dark:
        axes.plot([1, 0])
    axes.set_title("<b>title</b>\x1b")
    return figure


def test_a_drawing_is_one_for_both_themes() -> None:
    palette = Palette()
    svg = inline_svg(draw, prefix="p0", title="a <title>", palette=palette)
    light, dark, classes = palette.css()
    assert svg.count("<svg") == 1
    assert "style" not in svg
    assert "#123456" not in svg
    assert (light, dark) == ("--k0:#123456;", "--k0:#fedcba;")
    assert ".k0-stroke{stroke:var(--k0)}" in classes
    assert 'class="k0-stroke"' in svg
    assert "&lt;b&gt;title&lt;/b&gt;" in svg
    assert "\x1b" not in svg
    assert 'aria-label="a &lt;title&gt;"' in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids
    assert all(name.startswith("p0-") for name in ids)


@pytest.mark.parametrize(("height_in", "tall"), [(4, False), (17, True)])
def test_a_tall_drawing_gets_the_height_of_a_printed_page(height_in: float, *, tall: bool) -> None:
    """Held to half a page, twenty rows would be a strip too narrow to read."""
    svg = inline_svg(lambda _: Figure((8, height_in)), prefix="p", title="t", palette=Palette())
    assert Drawing("udp", svg).is_tall is tall


def test_drawings_that_differ_in_shape_are_both_there() -> None:
    svg = inline_svg(lambda dark: draw(dark, extra=True), prefix="p0", title="t", palette=Palette())
    assert svg.count("<svg") == 2
    assert 'class="light-only"' in svg
    assert 'class="dark-only"' in svg
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))


def as_called(result: Result, argv: list[str], **plan: Any) -> str:
    host = StoredEnvironment.read({**result.host.document, "argv": argv})
    again = StoredPlan.read({**result.plan.document, "seed": 7, **plan})
    changed = replace(result, host=host, plan=again)
    return commands(changed)[-2].words


def test_the_command_that_repeats_a_run_has_its_seed(view: ReportView) -> None:
    places = "-o there --output=here --results=r --to md=x"
    argv = f"/x/auditbench run rate --seed 3 {places} --blocks 4 -- prog -o --seed 1"
    repeated = as_called(view.result, shlex.split(argv))
    assert repeated == "auditbench run rate --blocks 4 --seed 7 -- prog -o --seed 1"


def test_the_command_of_another_verb_is_made_from_the_plan(view: ReportView) -> None:
    argv = ["auditbench", "gate", "--fail", "lost:0"]
    repeated = as_called(view.result, argv, workers=2, rate_per_s=50.0, command=["a b"])
    assert repeated == (
        "auditbench run overhead --workload udp --consumer assemble --blocks 8 --rate 50.0 "
        "--workers 2 --seed 7 -- 'a b'"
    )


def test_rules_that_workloads_share_stand_once() -> None:
    scenarios = [{"name": "rules", "rules": ["-a always,exit -S connect"], "backlog_limit": 64}]
    other = [{"name": "rules", "rules": ["-a always,exit -S execve"], "backlog_limit": 64}]
    plan = {"scenarios": {"udp": scenarios, "files": scenarios, "shells": other}}
    shared, own = rule_sets(StoredPlan.read(plan))
    assert shared.workloads == ("udp", "files")
    assert shared.limits == "backlog_limit 64"
    assert own.rules == ("-a always,exit -S execve",)


def test_a_limit_of_0_is_told_as_any_other() -> None:
    scenario = {"name": "off", "enabled": 0, "backlog_wait_time": 0, "stop_for_ms": 0}
    plan = {"scenarios": {"udp": [{**scenario, "enobufs": False, "workload_options": {}}]}}
    (rules,) = rule_sets(StoredPlan.read(plan))
    assert rules.limits == "enabled 0, backlog_wait_time 0"


def test_plain_reaches_every_depth() -> None:
    caution = Caution("a\x1b", "b", "c\u202e")
    dirty: dict[str, Any] = {"k\x07": [caution, ("\r", 1)], "n": None}
    assert made_plain(dirty) == {
        "k\\x07": [Caution("a\\x1b", "b", "c\\u202e"), ("\\x0d", 1)],
        "n": None,
    }


def test_report_goes_beside_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["report", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("report"))
    written = folder / "report.html"
    size = written.stat().st_size
    assert size < 1_500_000
    assert document["written"] == [{"to": "html", "file": str(written), "bytes": size}]
    assert document["runs"] == [f"m/{folder.name}"]


def test_text_goes_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["report", str(folder), "--to", "txt"]) == 0
    text = capsys.readouterr().out
    assert "▲ worse" in text
    assert max(map(len, text.splitlines())) <= 80
    assert run_command(["report", str(folder), "--to", "md"]) == 0
    assert "\n| rules | " in capsys.readouterr().out


def test_the_name_of_the_file_says_the_format(folder: Path, tmp_path: Path) -> None:
    assert run_command(["report", str(folder), "-o", str(tmp_path / "r.md")]) == 0
    assert (tmp_path / "r.md").read_text().startswith("## auditbench")


def test_several_runs_are_compared_with_the_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.reporters.plots.catalog.PLOTS", FOREST)
    slower = write_run(tmp_path / "m" / "slower", seed=2, costs={"rules": 1.5})
    other = write_run(tmp_path / "m" / "other", rename={name: f"{name}-x" for name in NAMES})
    target = tmp_path / "r.html"
    words = ["report", str(folder), str(slower), str(other), "-o", str(target)]
    assert run_command(words) == 0
    text = target.read_text()
    compared = text[text.index('id="compared"') : text.index('id="r0"')]
    assert f"m/slower against m/{folder.name}" in compared
    assert "Worse: udp × rules" in compared
    assert compared.count("<svg") == 1
    assert "rules 1.5" in compared
    assert "Not compared: " in compared
    assert "have no cell in common" in compared
    assert text.count("<article") == 3


NAMES = ("no-audit", "no-audit-aa", "disabled", "no-rules", "rules", "rules+exclude-exe")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "is not a run"),
        (["{run}", "-o", "/nowhere/report.html"], "cannot be written"),
        (["{run}", "--to", "md", "--open"], "needs a page"),
        (["{run}", "--to", "txt", "--json"], "--to txt=FILE"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", *(word.format(run=folder) for word in words)]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_replay_lost_nothing_here(view: ReportView) -> None:
    result = replace(
        view.result, plan=StoredPlan.read({**view.result.plan.document, "kind": "replay"})
    )
    text = report_html([replace(view, result=result)], {})
    assert "What the audit consumer costs" in text
    assert "Cells that lost events" not in text
    assert "Cells that lost events" in report_html([view], {})


def test_a_run_that_cannot_be_relied_on_says_so(view: ReportView) -> None:
    bad = replace(view.result.ledgers[0], trials_unexplained=1)
    text = report_html([replace(view, result=replace(view.result, ledgers=(bad,)))], {})
    assert "is not trustworthy" in text
