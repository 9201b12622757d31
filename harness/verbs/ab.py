"""`auditbench ab`: which of two rule sets costs less, and does either lose events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY
from harness.verbs.selection import Conduct, Flag, Load


def ab_verb(
    a: Path,
    b: Path,
    /,
    *,
    fail_if_worse: Flag = False,
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    markdown: Path | None = None,
    output_json: Path | None = None,
    json: Flag = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Measure two rule files in one run, each against the other and both against no audit.

    Parameters
    ----------
    a
        A rule file in auditctl's syntax.
    b
        The rule file to compare with it.
    fail_if_worse
        Exit with 1 where B costs or loses more than A in any workload.
    load
        What every measuring verb takes.
    conduct
        What every measuring verb takes.
    markdown
        Write Markdown to this file; `$GITHUB_STEP_SUMMARY` is appended to where set.
    output_json
        Write the JSON document to this file.
    json
        Print one JSON document instead of tables.
    command
        What follows `--`: the command to measure as the workload.
    """
    from harness.reporters.ab import ab_document, ab_markdown, render_ab
    from harness.run.ab import pair_up, run_contest
    from harness.verbs.output import err, out, print_json
    from harness.verbs.writing import Destinations

    places = Destinations(markdown=markdown, json=output_json)
    places.require_writable()
    pairing = pair_up(load.request("overhead", command=command), a, b)
    console = err()
    contest = run_contest(pairing, conduct.options(console), conduct.observer(console))
    document = ab_document(contest)
    places.write(markdown=lambda: ab_markdown(contest), json=lambda: document)
    if json:
        print_json(document)
    else:
        render_ab(contest, out())
    if contest.verdict == "worse" and fail_if_worse:
        return EXIT_REGRESSION
    return EXIT_UNTRUSTWORTHY if contest.distrust or contest.inconclusive else EXIT_FINE
