"""Which cells are profiled: by default, by name, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.reporters.preview import preview_page
from harness.reporters.render.markdown import page_markdown
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.preview import preview_plan
from harness.run.plan.profile import with_profile
from harness.run.request import Conduct, ProfileOptions
from tests.support.requests import asked


def planned(*cells: str, profile: bool = True, **words: Any) -> Plan:
    request = asked(profile=ProfileOptions(profile=profile, cells=cells), **words)
    return with_profile(make_plan(request), request)


def cells_of(plan: Plan) -> list[tuple[str, str]]:
    assert plan.profiling is not None
    return [(cell.workload, cell.scenario) for cell in plan.profiling.cells]


def test_none_is_profiled_unless_asked_for() -> None:
    assert planned(profile=False).profiling is None


def test_by_default_the_first_cell_with_rules_against_its_reference() -> None:
    assert cells_of(planned()) == [("shells", "no-audit"), ("shells", "rules")]
    assert cells_of(planned(workloads=("udp",))) == [("udp", "no-audit"), ("udp", "rules")]


@pytest.mark.parametrize("word", ["udp/rules", "udp × rules", "rules/udp/assemble"])
def test_a_cell_is_named_by_its_names(word: str) -> None:
    assert cells_of(planned(word, profile=False)) == [("udp", "rules")]


def test_two_cells_stay_in_their_order() -> None:
    plan = planned("udp/rules", "udp/rules+exclude-exe")
    assert cells_of(plan) == [("udp", "rules"), ("udp", "rules+exclude-exe")]
    assert StoredPlan.read(plan_document(plan)).profiling == plan.profiling


def test_the_pace_says_how_many_samples() -> None:
    wanted = [
        planned(**pace).profiling.samples  # type: ignore[union-attr]
        for pace in ({"fast": True}, {}, {"rigorous": True})
    ]
    assert wanted == sorted(set(wanted))


@pytest.mark.parametrize(
    ("cells", "words", "fault"),
    [
        (("udp/nonsense",), {}, "'udp/nonsense' is no cell of this plan"),
        (("udp/no-audit-aa",), {}, "is no cell"),
        (("",), {}, "is no cell"),
        (("udp/rules", "udp/rules"), {}, "two different ones"),
        (("udp/rules", "udp/no-audit", "udp/disabled"), {}, "one cell, or two"),
        ((), {"plan": "replay"}, "this host's kernel"),
        ((), {"instrument": "counted"}, "this host's kernel"),
    ],
)
def test_what_cannot_be_profiled_is_refused(
    cells: tuple[str, ...], words: dict[str, Any], fault: str
) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        planned(*cells, **words)
    assert caught.value.remedy


def test_a_dry_run_says_it() -> None:
    preview = preview_plan(planned(workloads=("udp",)), Conduct())
    assert preview.profiled == (
        Cell("udp", "no-audit", "assemble"),
        Cell("udp", "rules", "assemble"),
    )
    text = page_markdown(preview_page(preview))
    assert "further trials of udp × no-audit and udp × rules sample the kernel's stacks" in text
