"""`auditbench run`: measure."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY
from harness.run.request import DEFAULT_PLAN, Conduct, Load, Request, Subject
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.parameters import Json, PlanName, To


def run_verb(
    plan: PlanName = None,
    /,
    *,
    subject: Annotated[Subject, Parameter(name="*")] = Subject(),  # noqa: B008
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    fallback: PlanName = None,
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Measure what audit costs here: a plan, rule files, or a command of yours after `--`.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; `overhead` if none is named.
    subject
        What is compared.
    load
        Options of every measuring verb.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    fallback
        The plan to run if audit is not available on this host.
    to
        Write the run as FORM=FILE, or print it as FORM; may be given several times: json, md, csv,
        junit, pyperf, parquet.
    command
        After `--`: the command to measure as the workload.
    """
    from harness.run.session import run_request
    from harness.verbs.shared.output import err
    from harness.verbs.show import run_forms, show_run

    forms = run_forms(to, json=json)
    request = Request(
        plan=plan or DEFAULT_PLAN,
        subject=subject,
        load=load,
        command=command,
        conduct=conduct,
        fallback=fallback,
    )
    console = err()
    outcome = run_request(request, display.observer(console), say_on(console))
    trustworthy = show_run(outcome.folder, forms)
    console.print(f"stored in {outcome.folder}", markup=False, soft_wrap=True)
    if outcome.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if trustworthy else EXIT_UNTRUSTWORTHY
