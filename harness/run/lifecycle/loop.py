"""The trials of a run, each saved, and the stored plan kept up with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model.run import Sample, Trial
from harness.model.stored.plan import primary_of
from harness.run.blocks import RunBlocks
from harness.run.command_failures import CommandFailures
from harness.run.environment import add_caution
from harness.run.lifecycle.resume import BROKEN_OFF, Past, ResumedBlocks
from harness.run.lifecycle.search import search_of
from harness.run.lifecycle.signals import stop_if_asked
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.plan.purpose import purpose_of
from harness.run.runner import Blocks, Observer, run_trials
from harness.run.searching import SearchBlocks
from harness.store import ResumedWriter, RunWriter


@dataclass(frozen=True, slots=True)
class Outcome:
    """The folder of a stored run, and whether the user stopped it."""

    folder: Path
    interrupted: bool


def measure_all(
    writer: RunWriter,
    plan: Plan,
    environment: dict[str, Any],
    measure: Callable[[Trial], Sample],
    observer: Observer,
    past: Past | None,
    on_cells: Callable[[Plan], None] = lambda plan: None,
) -> Outcome:
    """Run the trials; Ctrl-C ends them and keeps what was measured.

    The stored plan always has the trials that are settled, so that a run which was stopped in
    the middle of them shows as incomplete, and one that ended by its rule does not. `past` is what
    a run that is resumed has measured before; `on_cells` is called with the plan whose cells are
    measured.
    """
    is_measuring = past is None

    def describe() -> None:
        # Until all that is stored is taken up, the stored plan knows more of the course.
        if is_measuring:
            writer.describe({**plan_document(run_blocks.plan), **run_blocks.course()}, environment)

    primary = primary_of(plan.kind, paced=plan.is_paced, victim=plan.victim is not None)

    def measure_cells(plan: Plan) -> None:
        on_cells(plan)
        cells = plan.cells()
        references = {cell: plan.reference.of(cell) for cell in cells}
        observer.will_measure(cells, references, primary)

    def begin_block(stored: frozenset[int]) -> None:
        nonlocal is_measuring
        if isinstance(writer, ResumedWriter) and (stored or not is_measuring):
            writer.set_aside(stored, BROKEN_OFF)
        if not is_measuring:
            is_measuring = True
            describe()

    search = search_of(plan, on_more=describe, on_cells=measure_cells)
    run_blocks: RunBlocks | SearchBlocks = search or RunBlocks(
        plan,
        primary,
        on_more=describe,
        on_cells=measure_cells,
        used_s=past.used_s if past is not None else 0.0,
    )
    blocks: Blocks = run_blocks if past is None else ResumedBlocks(run_blocks, past, begin_block)
    failures = CommandFailures(plan.command, allowed=plan.allow_failures)

    def measure_one(trial: Trial) -> Sample:
        stop_if_asked()
        return measure(trial)

    def save(sample: Sample) -> None:
        writer.append(sample)
        failures.take(sample)

    describe()
    observer.is_for(purpose_of(plan), plan.margin)
    measure_cells(plan)
    try:
        run_trials(blocks, measure_one, save, observer, retries=run_blocks.plan.retries)
        if plan.soak is not None:
            # One that was stopped ended its trial, which is kept.
            stop_if_asked()
    except KeyboardInterrupt:
        return Outcome(writer.folder, interrupted=True)
    if words := run_blocks.words():
        add_caution(environment, name="ending", what=words)
    if words := failures.words():
        add_caution(environment, name="command", what=words)
    is_measuring = True
    describe()
    return Outcome(writer.folder, interrupted=False)
