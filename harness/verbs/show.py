"""`auditbench show`: a stored run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY


def show_verb(
    run: str = "latest",
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("results"),
    json: Annotated[bool, Parameter(negative="")] = False,
    ledger: Annotated[bool, Parameter(negative="")] = False,
    details: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show a stored run again.

    Parameters
    ----------
    run
        A run's folder, its name, or `latest`.
    output
        The folder that runs are stored in.
    json
        Print one JSON document instead of tables.
    ledger
        Print where every event went, in full, instead of the tables.
    details
        Print every metric with its intervals, p and q instead of the tables.
    """
    from harness.store import find_run

    fine = show_run(find_run(run, output), as_json=json, ledger=ledger, details=details)
    return EXIT_FINE if fine else EXIT_UNTRUSTWORTHY


def show_run(folder: Path, *, as_json: bool, ledger: bool = False, details: bool = False) -> bool:
    """Print a run; False where it is not trustworthy."""
    from harness.reporters.details import render_details
    from harness.reporters.document import result_document
    from harness.reporters.ledger import render_ledgers
    from harness.reporters.plainly import made_plain
    from harness.reporters.terminal import render_result
    from harness.run.result import make_result
    from harness.store import load_run
    from harness.verbs.output import out, print_json

    result = make_result(load_run(folder))
    if as_json:
        print_json(result_document(result))
    elif ledger:
        render_ledgers(made_plain(result), out())
    elif details:
        render_details(made_plain(result), out())
    else:
        render_result(made_plain(result), out())
    return result.trustworthy
