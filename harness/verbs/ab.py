"""`auditbench ab`: which of two rule sets costs less, and does either lose events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY
from harness.model.options import COMPARED
from harness.run.request import Conduct, Counting, Load, Request
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.parameters import Flag, Json, To

if TYPE_CHECKING:
    from harness.run.counting import CountedPair
    from harness.verbs.shared.coverage import AbCoverage
    from harness.verbs.shared.forms import Forms

Cover = Annotated[bool | None, Parameter(group=COMPARED, show_default=False)]


def ab_verb(
    a: Path,
    b: Path,
    /,
    *,
    fail_if_worse: Flag = False,
    cover: Cover = None,
    load: Annotated[Load, Parameter(name="*")] = Load(),  # noqa: B008
    counting: Annotated[Counting, Parameter(name="*")] = Counting(),  # noqa: B008
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    to: To = None,
    json: Json = False,
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
        Exit with 1 if B costs or loses more than A in any workload.
    cover
        Say what B no longer records of what A does, found in a guest; with `--count` unless
        `--no-cover` is given.
    load
        Options of every measuring verb.
    counting
        Whether instructions are counted.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
        Markdown is also appended to `$GITHUB_STEP_SUMMARY` if that is set.
    command
        After `--`: the command to measure as the workload.
    """
    from harness.model.rules.coverage_change import doubts_of
    from harness.reporters.ab import ab_page
    from harness.reporters.documents.ab import ab_document
    from harness.run.ab import pair_up, run_ab
    from harness.run.counting import pair_to_count
    from harness.verbs.shared.counts import require_no_kernel
    from harness.verbs.shared.coverage import AbCoverage
    from harness.verbs.shared.dry_run import show_count_preview, show_preview
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err

    asked = counting.count if cover is None else cover
    if not asked:
        require_no_kernel(counting)
    coverage = AbCoverage(a, b, counting.kernels, asked=asked)
    if counting.count:
        request = Request(load=load, command=command, conduct=conduct)
        pair = pair_to_count(request, a, b, counting)
        if conduct.dry_run:
            return show_count_preview(pair.request, counting, to, json=json)
        forms = Forms(("json", "md"), to, json=json, summary=True)
        return _count(pair, coverage, counting, forms, fail_if_worse=fail_if_worse)
    pairing = pair_up(Request(load=load, command=command), a, b)
    if conduct.dry_run:
        return show_preview(pairing.plan, conduct, to, json=json)
    forms = Forms(("json", "md"), to, json=json, summary=True)
    console = err()
    coverage.find()
    ab_report = run_ab(pairing, conduct, display.observer(console), say_on(console))
    ab_report = replace(ab_report, coverage=coverage.ask(say_on(console)))
    forms.deliver_page(ab_page(ab_report), lambda: ab_document(ab_report))
    if ab_report.verdict == "worse" and fail_if_worse:
        return EXIT_REGRESSION
    unknown = ab_report.doubts or ab_report.inconclusive or doubts_of(ab_report.coverage)
    return EXIT_UNTRUSTWORTHY if unknown else EXIT_FINE


def _count(
    pair: CountedPair,
    coverage: AbCoverage,
    counting: Counting,
    forms: Forms,
    *,
    fail_if_worse: bool,
) -> int:
    from harness.model.rules.coverage_change import doubts_of
    from harness.reporters.counts.ab import count_ab_page
    from harness.reporters.documents.count_ab import count_ab_document
    from harness.run.counting import count_ab
    from harness.verbs.shared.output import err

    say = say_on(err())
    coverage.find()
    report = count_ab(pair, counting, say)
    report = replace(report, coverage=coverage.ask(say))
    forms.deliver_page(count_ab_page(report), lambda: count_ab_document(report))
    if report.verdict == "worse" and fail_if_worse:
        return EXIT_REGRESSION
    undecided = report.verdict in ("inconclusive", "untrustworthy") or doubts_of(report.coverage)
    return EXIT_UNTRUSTWORTHY if undecided else EXIT_FINE
