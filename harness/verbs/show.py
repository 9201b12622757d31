"""`auditbench show`: a stored run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError
from harness.verbs.shared.parameters import RESULTS, Flag, Json, ResultsFolder, To

if TYPE_CHECKING:
    from harness.reporters.page import Page
    from harness.store import StoredRun
    from harness.verbs.shared.forms import Forms


def show_verb(
    run: str = "latest",
    /,
    *,
    ledger: Flag = False,
    details: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Show a stored run again.

    Parameters
    ----------
    run
        A run: its folder, its name, `latest`, `latest~1` for the one before, or `@LABEL`.
    ledger
        Print where every event went, in full, instead of the tables.
    details
        Print every metric with its intervals, p and q instead of the tables.
    to
        Write the run as FORM=FILE, or print it as FORM; may be given several times: json, md, csv,
        junit, pyperf, parquet, folded.
    """
    from harness.verbs.shared.naming import named_run

    forms = run_forms(to, json=json)
    fine = show_run(named_run(run, results), forms, ledger=ledger, details=details)
    return EXIT_FINE if fine else EXIT_UNTRUSTWORTHY


def run_forms(to: list[str] | None, *, json: bool, counted: bool = False) -> Forms:
    """The forms requested of a run; UsageError if one is not available for such a run."""
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.run_forms import COUNTED_FORMS, RUN_FORMS, require_libraries

    forms = Forms(COUNTED_FORMS if counted else RUN_FORMS, to, json=json)
    require_libraries(forms.asked())
    return forms


def show_run(folder: Path, forms: Forms, *, ledger: bool = False, details: bool = False) -> bool:
    """Print a run, and write its forms; False where it is not trustworthy."""
    from harness.answers.result import make_result
    from harness.reporters.documents.result import result_document
    from harness.reporters.parts.ledger import ledgers_page
    from harness.reporters.render.terminal import render_page
    from harness.reporters.result import details_page, result_page
    from harness.store import load_run
    from harness.verbs.shared.output import err, out
    from harness.verbs.shared.run_forms import run_writers

    stored = load_run(folder, counted_too=True)
    if stored.plan.is_counted:
        if ledger or details:
            raise UsageError(
                f"{stored.name} counts instructions and has no {'ledger' if ledger else 'details'}",
                remedy="leave it out; --json has each boot",
            )
        return _show_counted(stored, forms)
    if stored.plan.sizing is not None and not (ledger or details):
        return show_size(folder, forms)
    if stored.plan.capacity is not None and not (ledger or details):
        return show_capacity(folder, forms)
    result = make_result(stored)
    page_of = ledgers_page if ledger else details_page if details else result_page
    forms.deliver(
        lambda: render_page(page_of(result), out()),
        lambda: result_document(result),
        **run_writers(
            stored,
            lambda: result,
            lambda note: err().print(note, markup=False, soft_wrap=True),
        ),
    )
    return result.trustworthy


def answer_forms(to: list[str] | None, *, json: bool) -> Forms:
    """The forms requested of the answer of a search."""
    from harness.verbs.shared.forms import Forms

    return Forms(("json", "md"), to, json=json)


def show_size(folder: Path, forms: Forms) -> bool:
    """Print how large the backlog must be; False where that is not decided, or not trustworthy."""
    from harness.answers.searches.size import make_size
    from harness.reporters.documents.size import size_document
    from harness.reporters.questions.size import size_page
    from harness.store import load_run

    stored = load_run(folder)
    assert stored.plan.sizing is not None
    answer = make_size(stored, stored.plan.sizing)
    _deliver_answer(stored, forms, size_page(answer), lambda: size_document(answer))
    return answer.trustworthy


def show_capacity(folder: Path, forms: Forms) -> bool:
    """The same of how much rules and consumers can take."""
    from harness.answers.searches.capacity import make_capacity
    from harness.reporters.documents.capacity import capacity_document
    from harness.reporters.questions.capacity import capacity_page
    from harness.store import load_run

    stored = load_run(folder)
    assert stored.plan.capacity is not None
    answer = make_capacity(stored, stored.plan.capacity)
    _deliver_answer(stored, forms, capacity_page(answer), lambda: capacity_document(answer))
    return answer.trustworthy


def _deliver_answer(
    stored: StoredRun, forms: Forms, page: Page, document: Callable[[], dict[str, Any]]
) -> None:
    """The answer of a search; forms beside it are those of its trials."""
    from harness.answers.result import make_result
    from harness.reporters.render.markdown import page_markdown
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.output import out
    from harness.verbs.shared.run_forms import run_writers

    of_trials = run_writers(stored, lambda: make_result(stored), lambda _: None)
    forms.deliver(
        lambda: render_page(page, out()),
        document,
        **{**of_trials, "md": lambda: page_markdown(page)},
    )


def _show_counted(stored: StoredRun, forms: Forms) -> bool:
    """The same of a run that counts instructions; UsageError for a form that needs times."""
    from harness.answers.count import make_counted
    from harness.reporters.count import count_page
    from harness.reporters.documents.count import count_document
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.output import out
    from harness.verbs.shared.run_forms import counted_writers

    result = make_counted(stored)
    forms.deliver(
        lambda: render_page(count_page(result), out()),
        lambda: count_document(result),
        **counted_writers(stored, lambda: result),
    )
    return result.trustworthy
