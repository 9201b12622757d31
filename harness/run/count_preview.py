"""What a counted run would be, found out without starting, fetching or writing anything."""

from __future__ import annotations

import math
import os
from typing import Final

from harness.guest.boot import find_emulator
from harness.guest.kernels.images import named_in_words
from harness.host.facts import read_host_facts
from harness.model.label import check_label
from harness.model.preview import CountPreview, PlannedCell
from harness.model.run import Cell
from harness.run.count import DEFAULT_WORKLOAD, plan_under
from harness.run.counted_boots import BOOTS, MOST_BOOTS
from harness.run.counting import require_countable
from harness.run.plan.counted_consumers import in_guests
from harness.run.plan.plan import Plan
from harness.run.request import Counting, Request

BOOT_S: Final = 7.0
"""Of a guest, from its start to its first trial, on a CPU of its own."""
TRIAL_S: Final = 0.4
"""Of a trial of calls that make no event; others take `EVENT_TRIAL_S`."""
EVENT_TRIAL_S: Final = 1.5


def preview_count(request: Request, counting: Counting) -> CountPreview:
    """The counted run that this request would be. Raises what it would raise before it begins.

    A kernel of an archive is named as it was asked for: which package that is, is read when it is
    fetched.
    """
    require_countable(request)
    check_label(request.conduct.label)
    plan, machine = plan_under(request, counting.kernels)
    for daemon in in_guests(plan):
        daemon.require_files()
    find_emulator(machine)
    kernels = named_in_words(counting.kernels)
    guests = len(kernels) * BOOTS
    at_once = min(guests, max(1, len(os.sched_getaffinity(0))))
    of_boot = BOOT_S + sum(_trial_s(cell.workload) for cell in plan.cells())
    return CountPreview(
        plan=plan.name,
        summary=plan.summary,
        machine=machine.name,
        kernels=kernels,
        cells=tuple(_planned(plan, cell) for cell in plan.cells()),
        boots=BOOTS,
        most_boots=MOST_BOOTS,
        trials=guests * len(plan.cells()),
        at_once=at_once,
        seconds=math.ceil(guests / at_once) * of_boot,
        login=plan.login,
        matching=plan.matching,
        left_out=plan.left_out,
        results=str(request.conduct.results / read_host_facts().machine),
    )


def _trial_s(workload: str) -> float:
    return TRIAL_S if workload == DEFAULT_WORKLOAD else EVENT_TRIAL_S


def _planned(plan: Plan, cell: Cell) -> PlannedCell:
    scenario = plan.scenario_of(cell)
    return PlannedCell(
        cell=cell,
        operations=0,
        rules=scenario.rule_text,
        limits={},
        touches_audit=scenario.enabled is not None,
    )
