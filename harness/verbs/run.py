"""`auditbench run`: measure."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY
from harness.verbs.shared.options import Conduct, Load
from harness.verbs.shared.parameters import Json, Paths, To, Words


def run_verb(
    plan: str | None = None,
    /,
    *,
    scenario: Words = None,
    rules: Paths = None,
    exclude_exe: str | None = None,
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    fallback: str | None = None,
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Measure what audit costs here: a plan, rule files, or a command of yours after `--`.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; `overhead` if none is named.
    scenario
        Scenarios to measure instead of the plan's; the reference is always measured.
    rules
        Rule files in auditctl's syntax; each becomes a scenario.
    exclude_exe
        The program that the exclusion scenarios exclude, in whose place the load then runs; the
        load generator if not given.
    load
        Options of every measuring verb.
    conduct
        Options of every measuring verb.
    fallback
        The plan to run if audit is not available on this host.
    to
        Write the run as FORM=FILE, or print it as FORM; may be given several times: json, md, csv,
        junit, pyperf, parquet.
    command
        After `--`: the command to measure as the workload.
    """
    from harness.run.session import run_with_fallback
    from harness.verbs.shared.output import err
    from harness.verbs.show import run_forms, show_run

    forms = run_forms(to, json=json)
    request = load.request(
        plan or "overhead",
        scenarios=tuple(scenario or ()),
        rule_files=tuple(rules or ()),
        exclude_exe=exclude_exe,
        command=command,
    )
    console = err()
    observer = conduct.observer(console)
    outcome = run_with_fallback(request, fallback, conduct.options(console), observer)
    trustworthy = show_run(outcome.folder, forms)
    console.print(f"stored in {outcome.folder}", markup=False, soft_wrap=True)
    if outcome.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if trustworthy else EXIT_UNTRUSTWORTHY
