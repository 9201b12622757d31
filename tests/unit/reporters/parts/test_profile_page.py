"""What is said of sampled stacks, and the flame graphs of the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest

from harness.analysis.profile import profiles
from harness.answers.result import make_result, make_view
from harness.errors import UsageError
from harness.model.result import Result
from harness.model.run import Cell
from harness.model.stored.profile import CellProfile, Profiles, Profiling, StoredProfile
from harness.reporters.documents.result import result_document
from harness.reporters.export.folded import folded_stacks
from harness.reporters.html.flame import LEAST_SHARE, MOST_LEVELS, flames
from harness.reporters.html.page import report_html
from harness.reporters.page import Fold, Grid, Line
from harness.reporters.parts.profile import TITLE, profile_parts, profile_sentences
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.reports.plot_views import made_up_view
from tests.support.schemas import schema
from tests.support.stored.profiled_runs import AUDITED, CALL, QUIET, profile_of, write_profiled_run

QUIET_CELL, RULES_CELL = (Cell("udp", name, "assemble") for name in ("no-audit", "rules"))
BAD = "a\x1b[31m\x00<b>&\"']]>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return write_profiled_run(tmp_path_factory.mktemp("runs") / "h-1" / "r")


def of_two() -> Profiles:
    return profiles([profile_of("no-audit", QUIET), profile_of("rules", AUDITED)])


def of_one(stored: StoredProfile) -> Profiles:
    return profiles([stored])


def test_the_difference_is_said_in_plain_words() -> None:
    load, kauditd, consumer = profile_sentences(of_two())
    assert load.startswith(
        "Of the load's 100 % more kernel time under rules than under no-audit (+84 % to +118 %), "
    )
    assert "100 % ± 10 is in functions of audit, " in load
    assert re.search(r"88 % ± \d+ in audit_log_exit \(audit_log_start 40 %, audit_log_end", load)
    assert kauditd == (
        "Kauditd takes 3.00 µs per operation in the kernel under rules, none under no-audit; of it "
        "100 % ± 1 is in kauditd_send_queue."
    )
    assert consumer.startswith("The consumer takes 3.00 µs")


def test_cells_are_told_in_the_order_that_was_asked_for(run: StoredRun) -> None:
    """A run that was resumed may have sampled the second cell first."""
    asked = Profiling((QUIET_CELL, RULES_CELL), 2000)
    plan = msgspec.structs.replace(run.plan, profiling=asked)
    turned = replace(run, plan=plan, profiles=run.profiles[::-1])
    change = make_result(turned).profiles.change
    assert change is not None
    assert (change.cell, change.against) == (RULES_CELL, QUIET_CELL)


def test_a_cell_by_itself_is_said_too() -> None:
    sentences = profile_sentences(of_one(profile_of("rules", AUDITED)))
    assert sentences[0].startswith(
        "Of the load's kernel time under udp × rules, 50 % ± 2 is in functions of audit, "
    )
    assert "in audit_log_exit (" in sentences[0]


def test_too_few_samples_are_said() -> None:
    few = {f"{CALL};a": 20, "kauditd;kthread": 3}
    (sentence,) = profile_sentences(of_one(profile_of("rules", few)))
    assert sentence == (
        "Of the load's and kauditd's kernel time under udp × rules: too few samples to say."
    )
    found = profiles([profile_of("no-audit", few), profile_of("rules", few)])
    assert profile_sentences(found)[0].endswith("too few samples to say.")


def test_no_difference_and_less_are_said() -> None:
    same = profiles([profile_of("no-audit", QUIET), profile_of("rules", QUIET)])
    assert profile_sentences(same)[0].startswith("No difference of the load's kernel time is shown")
    less = profiles([profile_of("rules", AUDITED), profile_of("no-audit", QUIET)])
    assert profile_sentences(less)[0].startswith("The load takes 50 % less kernel time under no-a")


def test_a_small_difference_has_too_few_samples_where() -> None:
    more = {**QUIET, f"{CALL};b": 130}
    (sentence,) = profile_sentences(
        profiles([profile_of("no-audit", QUIET), profile_of("rules", more)])
    )
    assert sentence.endswith("too few samples to say where.")


def test_the_result_tells_it_before_the_tables(run: StoredRun) -> None:
    parts = result_page(make_result(run)).parts
    words = [getattr(part, "words", "") for part in parts]
    tables = [place for place, part in enumerate(parts) if isinstance(part, Grid)]
    assert words.index(TITLE) < tables[0]
    assert words[words.index(TITLE) + 1].startswith("Of the load's 100 % more kernel time")
    note = next(p for p in parts if isinstance(p, Line) and "at 1,000 Hz" in p.words)
    assert "6 further trials that were made after the measured ones" in note.words
    assert "nothing of them is compared" in note.words
    assert "functions of audit" in page_markdown(result_page(make_result(run)))


def test_what_is_missing_is_told() -> None:
    stored = profile_of(
        "rules", AUDITED, lost_samples=3, throttled=1, left_out_samples=2, failed_trials=1
    )
    result = make_result_of(stored)
    (note,) = [part.words for part in profile_parts(result) if getattr(part, "kind", "") == "note"]
    assert "3 samples lost by the kernel. 2 samples of rare stacks left out." in note
    assert "1 pause of the clock made by the kernel. 1 trial failed and not used." in note


def make_result_of(*stored: StoredProfile) -> Result:
    return replace(made_up_view().result, profiles=profiles(stored))


def test_a_run_without_is_as_before() -> None:
    assert list(profile_parts(make_result_of())) == []


def test_every_function_is_in_the_folded_table() -> None:
    (fold,) = [
        part
        for part in profile_parts(make_result_of(profile_of("rules", AUDITED)))
        if isinstance(part, Fold)
    ]
    (table,) = fold.parts
    assert isinstance(table, Grid)
    rows = {(row[1].text, row[2].text): [box.text for box in row[3:]] for row in table.rows}
    assert rows["load", "audit_log_exit"] == ["700", "38.9 %", "10.0 %"]
    assert rows["consumer", "in user mode"] == ["50", "14.3 %", "14.3 %"]


def test_the_document_is_as_its_schema_tells(run: StoredRun) -> None:
    document = json.loads(json.dumps(result_document(make_result(run)), default=str))
    jsonschema.validate(document, schema("result"))
    cells = document["profiles"]["cells"]
    assert [cell["scenario"] for cell in cells] == ["no-audit", "rules"]
    assert {"stack": "load;[user]", "samples": 200} in cells[1]["stacks"]
    assert document["profiles"]["change"]["against"]["scenario"] == "no-audit"
    nothing = result_document(replace(make_result(run), profiles=Profiles()))
    assert nothing["profiles"] == {"cells": [], "change": None}


def test_folded_stacks_are_as_other_tools_read_them(run: StoredRun) -> None:
    lines = folded_stacks(run.name, run.profiles).splitlines()
    assert "udp × rules × assemble;load;[user] 200" in lines
    assert all(re.fullmatch(r"[^;]+(;[^;]+)+ \d+", line) for line in lines)
    alone = folded_stacks(run.name, run.profiles[1:]).splitlines()
    assert "load;[user] 200" in alone
    odd = StoredProfile(**{**run.profiles[1].document(), "scenario": "a;b\n\x1b", "stacks": ()})
    named = StoredProfile(**{**odd.document(), "stacks": (("load;a", 1),)})
    text = folded_stacks(run.name, (run.profiles[0], named))
    assert "udp × a,b \\x1b" in text
    with pytest.raises(UsageError, match="auditbench run --profile"):
        folded_stacks(run.name, ())


def drawn(found: Profiles) -> list[ET.Element]:
    return [ET.fromstring(str(flame.svg)) for flame in flames(found)]


def frames_of(svg: ET.Element) -> dict[str, ET.Element]:
    return {frame.findtext("title", "").split(":")[0]: frame for frame in svg.findall("svg")}


def test_a_frame_is_as_wide_as_its_samples() -> None:
    svg = drawn(of_two())[1]
    frames = frames_of(svg)
    whole = sum(AUDITED.values())
    assert float(frames["load"].get("width", "").rstrip("%")) == pytest.approx(
        100 * 1800 / whole, abs=0.01
    )
    assert frames["udp × rules"].get("width") == "100.000%"
    # The root is at the bottom, and what is called above its caller.
    heights = [
        float(frames[name].get("y", "")) for name in ("udp × rules", "load", "do_syscall_64")
    ]
    assert heights == sorted(heights, reverse=True)
    assert float(svg.get("height", "")) == heights[0] + 18
    for frame in svg.findall("svg"):
        left, width = (float(frame.get(name, "").rstrip("%")) for name in ("x", "width"))
        assert 0 <= left <= left + width <= 100.001


def test_colours_say_whose_function_it_is() -> None:
    colours = {
        name: frame.find("rect").get("class")  # type: ignore[union-attr]
        for name, frame in frames_of(drawn(of_two())[1]).items()
    }
    assert colours["audit_log_exit"] == "f-audit"
    assert colours["do_syscall_64"] == "f-kernel"
    assert colours["[user]"] == "f-user"
    # No function, though its name has the word in it.
    assert colours["kauditd"] == colours["udp × rules"] == "f-same"


def test_the_difference_is_coloured_by_time_per_operation() -> None:
    _, _, change = flames(of_two())
    assert change.is_change
    assert change.title == "udp × rules against udp × no-audit"
    frames = frames_of(ET.fromstring(str(change.svg)))
    colours = {n: f.find("rect").get("class") for n, f in frames.items()}  # type: ignore[union-attr]
    assert colours["__x64_sys_sendto"] == "f-same"
    assert colours["audit_log_exit"] == "f-more-2"
    title = frames["audit_log_exit"].findtext("title")
    assert title == "audit_log_exit: 7.00 µs per operation, 7.00 µs more"
    less = flames(profiles([profile_of("rules", AUDITED), profile_of("rules", QUIET, ops=400_000)]))
    assert "f-less-3" in str(less[2].svg)


def test_narrow_frames_and_deep_ones_are_not_drawn() -> None:
    most = 10_000
    few = round(most * LEAST_SHARE) - 5
    deep = ";".join(f"f{n}" for n in range(2 * MOST_LEVELS))
    (svg,) = drawn(
        of_one(profile_of("rules", {"load;a": most, "load;b": few, f"load;{deep}": most}))
    )
    names = {frame.findtext("title", "").split(":")[0] for frame in svg.findall("svg")}
    assert "a" in names
    assert "b" not in names
    assert f"f{MOST_LEVELS - 2}" in names
    assert f"f{MOST_LEVELS}" not in names


def test_nothing_to_draw_draws_nothing() -> None:
    assert flames(Profiles()) == ()
    assert flames(of_one(profile_of("rules", {}))) == ()


def test_hostile_names_stay_words() -> None:
    stored = profile_of("rules", {'load;<script>&"': 500, "load;'\"><": 500})
    one = CellProfile(Cell(BAD, BAD, BAD), stored, of_one(stored).cells[0].groups)
    for svg in drawn(Profiles((one,))):
        assert {element.tag for element in svg.iter()} == {"svg", "title", "rect", "text"}
        assert {n for e in svg.iter() for n in e.attrib} <= {
            *("x", "y", "width", "height", "class", "role", "aria-label")
        }
        assert "\x1b" not in ET.tostring(svg, "unicode")


def test_the_page_has_the_graphs_without_style_or_script(run: StoredRun) -> None:
    page = report_html([make_view(run)], {})
    assert page.count('<svg class="flame"') == 3
    assert "Where the time goes" in page
    inside = re.findall(r'<svg class="flame".*?</figure>', page, re.S)
    assert not any(re.search(r"\bstyle=|\bon\w+=|<script", each) for each in inside)
    for name in ("f-audit", "f-more-3", "f-less-1"):
        assert f".{name} {{ fill: var(--{name}); background: var(--{name}); }}" in page
        assert page.count(f"--{name}: #") == 3  # light, dark by choice, dark by the system


def test_the_page_of_a_run_without_has_no_such_section(tmp_path: Path) -> None:
    stored = write_profiled_run(tmp_path / "h-1" / "r", [])
    page = report_html([make_view(stored)], {})
    assert "flame" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert 'href="#r0-profile"' not in page
