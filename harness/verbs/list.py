"""`auditbench list`: what there is to choose from."""

from __future__ import annotations

from typing import Literal

from harness.errors import EXIT_FINE
from harness.verbs.shared.parameters import Json, To

What = Literal["scenarios", "workloads", "consumers", "metrics", "plans"]


def list_verb(what: What, /, *, to: To = None, json: Json = False) -> int:
    """List scenarios, workloads, consumers, metrics or plans.

    Parameters
    ----------
    what
        The kind to list.
    to
        Write the list as json=FILE, or print it as json.
    """
    from harness.reporters.listing import list_page
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    entries = _entries(what)
    forms.deliver(
        lambda: render_page(list_page(what, entries), out()),
        lambda: {"schema": "auditbench.list/1", what: entries},
    )
    return EXIT_FINE


def _entries(what: What) -> list[dict[str, str]]:
    if what == "scenarios":
        from harness.scenarios.catalog import SCENARIOS, scenario_summary

        return [{"name": name, "summary": scenario_summary(name)} for name in SCENARIOS]
    if what == "plans":
        from harness.run.plan.file import load_plan_file
        from harness.scenarios.catalog import PLANS

        return [{"name": name, "summary": load_plan_file(name).summary} for name in PLANS]
    if what == "workloads":
        from workloads.catalog import WORKLOADS

        return [{"name": name, "summary": info.summary} for name, info in WORKLOADS.items()]
    if what == "consumers":
        from harness.consumers.catalog import CONSUMERS

        return [{"name": name, "summary": c.summary} for name, c in CONSUMERS.items()]
    from harness.metrics.catalog import METRICS

    return [
        {"name": metric.name, "unit": metric.unit, "summary": metric.summary}
        for metric in METRICS.values()
    ]
