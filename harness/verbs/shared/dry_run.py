"""`--dry-run` of the verbs that measure: what the run would be, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import EXIT_FINE

if TYPE_CHECKING:
    from harness.run.plan.plan import Plan
    from harness.run.request import Conduct, Counting, Request


def show_preview(plan: Plan, conduct: Conduct, to: list[str] | None, *, json: bool) -> int:
    """Print what a plan would do, and write it where asked; the exit code."""
    from harness.reporters.preview import preview_document, preview_page
    from harness.run.plan.preview import preview_plan
    from harness.verbs.shared.forms import Forms

    forms = Forms(("json", "md"), to, json=json)
    preview = preview_plan(plan, conduct)
    forms.deliver_page(preview_page(preview), lambda: preview_document(preview))
    return EXIT_FINE


def show_count_preview(
    request: Request, counting: Counting, to: list[str] | None, *, json: bool
) -> int:
    """Print what a request would count, and write it where asked; the exit code."""
    from harness.reporters.counts.preview import count_preview_document, count_preview_page
    from harness.run.count_preview import preview_count
    from harness.verbs.shared.forms import Forms

    forms = Forms(("json", "md"), to, json=json)
    preview = preview_count(request, counting)
    forms.deliver_page(count_preview_page(preview), lambda: count_preview_document(preview))
    return EXIT_FINE
