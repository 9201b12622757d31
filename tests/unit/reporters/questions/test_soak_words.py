"""What grows during a soak, on every medium."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path

import jsonschema
import msgspec
import pytest

from harness.answers.result import make_result, make_view
from harness.model.run import SoakMoment
from harness.model.stored.soak import Soak
from harness.reporters.answer import answer_parts, answered
from harness.reporters.documents.result import result_document
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.pull_request import pull_request_page
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run
from tests.support.schemas import schema

MINUTE_MS = 60_000
MIB = 2**20


def soaked(folder: Path, *, leaks: bool, minutes: int = 60) -> StoredRun:
    """A run whose consumer takes 1 MiB more per minute, or none."""
    run = made_up_run(folder, blocks=1)
    moments = tuple(
        SoakMoment(
            minute * MINUTE_MS,
            20 * MIB + minute * MIB * leaks,
            5000.0 + (-1) ** minute,
            2.0 + minute % 3,
        )
        for minute in range(minutes)
    )
    samples = tuple(replace(s, soak=moments) for s in run.samples if s.scenario == "rules")
    plan = msgspec.structs.replace(run.plan, asked="soak", soak=Soak(3540.0, 100))
    return replace(run, plan=plan, samples=samples)


@pytest.fixture
def leaking(tmp_path: Path) -> StoredRun:
    return soaked(tmp_path / "m" / "r", leaks=True)


def test_what_grows_is_the_first_sentence(leaking: StoredRun) -> None:
    result = make_result(leaking)
    assert answered(result) == "soak"
    assert answer_parts(result).first == (
        "Growing over 53 min: the memory of rules assemble by 60 MiB per hour (60 MiB to 60 MiB)."
    )
    (cell,) = answer_parts(result).cells
    assert "CPU per event 5.00 µs, 0 per hour" in cell
    assert "none shown" in cell


def test_nothing_shown_is_not_called_none(tmp_path: Path) -> None:
    result = make_result(soaked(tmp_path / "m" / "r", leaks=False))
    assert answer_parts(result).first == (
        "No growth of memory or CPU per event or delay of the output is shown over 53 min."
    )


def changed(stored: StoredRun, seen: int, **without: None) -> StoredRun:
    """The soak with these quantities in the last `seen` windows only."""
    samples = tuple(
        replace(
            sample,
            soak=tuple(
                moment._replace(**without) if place < len(sample.soak) - seen else moment
                for place, moment in enumerate(sample.soak)
            ),
        )
        for sample in stored.samples
    )
    return replace(stored, samples=samples)


def test_a_quantity_that_was_not_looked_at_is_not_called_steady(tmp_path: Path) -> None:
    stored = soaked(tmp_path / "m" / "r", leaks=False)
    unseen = changed(stored, 0, delay_ms=None, cpu_ns_per_event=None)
    first = answer_parts(make_result(unseen)).first
    assert first == "No growth of memory is shown over 53 min."


@pytest.mark.parametrize("leaks", [True, False])
def test_a_quantity_of_few_points_is_told_beside_the_others(tmp_path: Path, leaks: bool) -> None:
    stored = changed(soaked(tmp_path / "m" / "r", leaks=leaks), 3, delay_ms=None)
    first = answer_parts(make_result(stored)).first
    assert first.startswith("Growing over" if leaks else "No growth of memory or CPU per event is")
    assert first.endswith("Too few points for a slope: the delay of the output of rules assemble.")


def test_a_soak_that_was_stopped_soon_says_nothing(tmp_path: Path) -> None:
    result = make_result(soaked(tmp_path / "m" / "r", leaks=True, minutes=3))
    assert answer_parts(result).first == (
        "Over 60.0 s nothing can be said: too few points for a slope."
    )


@pytest.mark.parametrize(
    ("terms", "notes"),
    [
        ({}, ("All 1,000 expected events arrived whole.", "None lost in 1 trial.")),
        ({"generated": None, "suppressed": None, "refused": None}, ("None lost in 1 trial.",)),
        (
            {"generated": None, "suppressed": None, "refused": None, "lost": 7, "complete": 900},
            ("Events were lost, of how many is not known: rules (1 of 1 trial).",),
        ),
    ],
)
def test_whether_events_were_lost_is_told(
    tmp_path: Path, terms: dict[str, int | None], notes: tuple[str, ...]
) -> None:
    stored = soaked(tmp_path / "m" / "r", leaks=False)
    samples = tuple(
        replace(sample, ledger=replace(sample.ledger, **terms))  # type: ignore[arg-type]
        for sample in stored.samples
    )
    assert answer_parts(make_result(replace(stored, samples=samples))).notes == notes


def test_every_report_has_the_slopes(leaking: StoredRun) -> None:
    view = make_view(leaking)
    document = json.loads(json.dumps(result_document(view.result)))
    jsonschema.validate(document, schema("result"))
    assert [each["growing"] for each in document["trends"]] == ["memory", "cpu", "delay"]
    for page in (result_page(view.result), pull_request_page(view.result)):
        text = page_markdown(page)
        assert "Slopes per hour" in text
        assert "60 MiB to 60 MiB" in text
    html = unescape(report_html([view], PLOTS))
    assert "What grows under Linux audit" in html
    assert "Slopes per hour" in html
