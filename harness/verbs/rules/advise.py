"""`auditbench rules advise`: what may be changed in a rule file, and what goes blind by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError
from harness.model.options import RESULTS
from harness.run.request import Conduct, Load, ResultsFolder
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.parameters import Flag, Json, Logs, To


def advise_verb(
    rules: Path,
    /,
    *,
    log: Logs = None,
    write: Path | None = None,
    take: Annotated[list[int] | None, Parameter(negative="", consume_multiple=True)] = None,
    count: Flag = False,
    kernel: str | None = None,
    timed: Flag = False,
    blocks: int | None = None,
    borrow: Flag = False,
    results: ResultsFolder = RESULTS,
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    to: To = None,
    json: Json = False,
) -> int:
    """Propose changes to a rule file: what each saves, and which events of a log go blind by it.

    Parameters
    ----------
    rules
        A rule file in auditctl's syntax, or a folder, which is read as augenrules merges it.
    log
        audit.log files, raw or enriched, compressed or not, or folders of them.
    write
        Write the rules with the proposals carried out, each explained in a comment.
    take
        With `--write`: carry out these proposals only, by their numbers.
    count
        Count in guests what each proposal saves other calls, and what its events cost.
    kernel
        With `--count`: the kernel, as for `auditbench rules cost`.
    timed
        Measure on this host instead what each proposal saves other calls and its events, with
        intervals; the run is stored. Needs root and the host's audit.
    blocks
        With --timed: blocks to measure; 8 if not given.
    borrow
        With --timed: ask a running audit daemon to stop, and start it again afterwards.
    display
        With --timed: how the run is shown.
    to
        Write the proposals as FORM=FILE, or print them as FORM; may be given several times: json,
        md.
    """
    from harness.files.output import require_writable, write_bytes
    from harness.reporters.documents.advise import advice_document
    from harness.reporters.rules.advice import advice_page
    from harness.run.rules.advice.making import make_advice
    from harness.run.rules.advice.rewriting import rewritten
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.log_sums import sums_of_logs
    from harness.verbs.shared.output import err
    from harness.verbs.shared.rule_source import loadable_rules, refused_lines

    if not log:
        raise UsageError("no log is named", remedy="add --log /var/log/audit")
    _check(kernel, blocks, count=count, timed=timed, borrow=borrow)
    if take and write is None:
        raise UsageError("--take chooses what is written", remedy="add --write new.rules")
    forms = Forms(("json", "md"), to, json=json)
    if write is not None:
        if write.resolve() == rules.resolve():
            raise UsageError(f"{write} is the file that is read", remedy="--write another one")
        require_writable(write)
    parsed = loadable_rules(rules)
    sums = sums_of_logs(log)
    advice = make_advice(parsed, sums.shapes(), sums.busiest())
    advice.chosen(take)
    advice = replace(advice, cautions=tuple(refused_lines(parsed)))
    if count and advice.proposals:
        from harness.run.rules.advice.counting import with_counts

        advice = with_counts(parsed, advice, kernel, say_on(err()))
    if timed and advice.proposals:
        from harness.run.rules.advice.timing import plan_timing, run_timing

        measuring = plan_timing(parsed, advice, Load(blocks=blocks))
        conduct = Conduct(borrow=borrow, results=results)
        advice = run_timing(measuring, advice, conduct, display.observer(err()), say_on(err()))
    forms.deliver_page(advice_page(advice), lambda: advice_document(advice))
    if write is not None:
        # What was measured may have changed the order, and the numbers are those that were shown.
        write_bytes(write, rewritten(parsed, advice.chosen(take)))
    return EXIT_FINE if advice.trustworthy else EXIT_UNTRUSTWORTHY


def _check(
    kernel: str | None, blocks: int | None, *, count: bool, timed: bool, borrow: bool
) -> None:
    if count and timed:
        raise UsageError("--count and --timed contradict each other", remedy="give one of them")
    if kernel and not count:
        raise UsageError("--kernel is for counting", remedy="add --count")
    times = {"--blocks": blocks is not None, "--borrow": borrow}
    if not timed and (given := [option for option, value in times.items() if value]):
        raise UsageError(f"{given[0]} is about a run on this host", remedy="add --timed")
