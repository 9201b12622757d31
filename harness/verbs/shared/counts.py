"""What several verbs say of counted runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.model.count_changes import CountReport
    from harness.run.request import Counting
    from harness.verbs.shared.forms import Forms


def deliver_changes(report: CountReport, forms: Forms) -> None:
    """Print and write what changed between counts."""
    from harness.reporters.counts.compare import count_changes_page
    from harness.reporters.documents.count_changes import count_change_rows, count_changes_document
    from harness.reporters.render.csv import csv_text

    forms.deliver_page(
        count_changes_page(report),
        lambda: count_changes_document(report),
        csv=lambda: csv_text(count_change_rows(report)),
    )


def require_no_kernel(counting: Counting) -> None:
    """UsageError for a kernel to count under where nothing is counted."""
    if counting.kernels and not counting.count:
        raise UsageError(
            "--kernel is for counting: times are measured on the kernel of this host",
            remedy="add --count",
        )
