"""A rule file in the cells of a plan, each of which keeps its limits and its consumer.

A plan of cells asks about limits, buffers or consumers. With `--rules` it asks the same about those
rules; a cell whose rules record nothing, such as a reference without audit, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import UsageError
from harness.kernel.rules.fields import Action
from harness.kernel.rules.rule import Rule
from harness.model.run import Scenario
from harness.run.plan.scenario import NamedRules, rules_scenario

_OTHERS_WAIT = (
    "the rules are not confined to the load: where the backlog is small or the consumer stopped, "
    "other processes that match them wait or lose events, too"
)


def has_recording_rules(scenario: Scenario) -> bool:
    """Whether a rule of the scenario makes events; a reference may have rules that prevent them."""
    return any(Rule.from_bytes(rule).action == Action.ALWAYS for rule in scenario.rules)


def file_for_cells(files: Sequence[NamedRules], exclude_exe: str | None) -> NamedRules:
    """The one rule file that takes the place of the cells' rules.

    UsageError for several, or where exclusions were asked for, which have no cells.
    """
    if len({file.path for _, file in files}) > 1:
        raise UsageError(
            "the plan measures its cells with one rule file, and several were given",
            remedy="run it once for each --rules FILE",
        )
    if exclude_exe is not None:
        raise UsageError(
            "--exclude-exe has no cells in this plan", remedy="leave it out, or run `overhead`"
        )
    return files[0]


def with_rules(scenario: Scenario, named: NamedRules) -> Scenario:
    """The scenario with the file's rules in the place of its own; its settings stay."""
    path, file = named
    made = rules_scenario(scenario.name, f"the rules of {path}", named)
    return replace(
        scenario,
        summary=made.summary,
        rules=made.rules,
        rule_text=made.rule_text,
        notes=(*made.notes, *settings_left_out(named), f"{file.path}: {_OTHERS_WAIT}"),
        file=made.file,
    )


def settings_left_out(named: NamedRules) -> list[str]:
    """A line about the file's settings, which give way to those of the cells; none without any."""
    _, file = named
    names = [name for name, value in file.controls.given().items() if value is not None]
    names = [name for name in names if name != "enabled"]
    if not names:
        return []
    reason = "its settings are left out, because each cell has its own"
    return [f"{file.path}: {reason}: {', '.join(names)}"]
