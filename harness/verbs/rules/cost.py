"""`auditbench rules cost`: what each line of a rule file costs, counted in guests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY, UsageError
from harness.model.caution import Caution
from harness.model.options import RESULTS, Flag
from harness.run.request import Conduct, Load, ResultsFolder
from harness.verbs.shared.display import Display, say_on
from harness.verbs.shared.log_sums import seconds, sums_of_kernel, sums_of_logs
from harness.verbs.shared.parameters import Json, Logs, To
from harness.verbs.shared.rule_source import loadable_rules, refused_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.log.summary import LogSums
    from harness.kernel.rules.lint.parsed import Parsed
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.top_sources import Heard


def cost_verb(
    rules: Path,
    /,
    *,
    log: Logs = None,
    listen: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    kernel: str | None = None,
    timed: Flag = False,
    blocks: int | None = None,
    ops: int | None = None,
    borrow: Flag = False,
    results: ResultsFolder = RESULTS,
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    to: To = None,
    json: Json = False,
) -> int:
    """Say what each line of a rule file costs other calls, and its events, in instructions.

    Parameters
    ----------
    rules
        A rule file in auditctl's syntax, or a folder, which is read as augenrules merges it.
    log
        audit.log files, raw or enriched, compressed or not, or folders of them: add the events,
        bytes and instructions of each line per day.
    listen
        Instead of logs: the kernel's records during this time, such as 60s or 5m. Needs root.
    kernel
        The kernel: a version that this distribution serves such as `6.1`, a .deb, a bzImage, or
        `host`; the one that this distribution installs if not given.
    timed
        Measure times on this host instead, under random parts of the file, with intervals; the run
        is stored. Needs root and the host's audit, and prices no events.
    blocks
        With --timed: blocks to measure; 4 if not given.
    ops
        With --timed: calls in a trial; as many as `auditbench run --workload syscalls` if not
        given. Fewer are done sooner, and tell less.
    borrow
        With --timed: ask a running audit daemon to stop, and start it again afterwards.
    display
        With --timed: how the run is shown.
    to
        Write the bill as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    from harness.reporters.documents.cost import cost_document
    from harness.reporters.rules.cost import cost_page
    from harness.run.rules.bill_log import with_log
    from harness.run.rules.cost import run_cost
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err

    forms = Forms(("json", "md"), to, json=json)
    counts = {"--log": log, "--listen": listen, "--kernel": kernel}
    times = {"--blocks": blocks, "--ops": ops, "--borrow": borrow}
    _check(counts, times, timed=timed)
    parsed = loadable_rules(rules)
    if timed:
        conduct = Conduct(borrow=borrow, results=results)
        return _time(parsed, Load(blocks=blocks, ops=ops), conduct, display, forms)
    # Before anything is counted, so that a mistake shows at once.
    sums = sums_of_logs(log) if log else None
    heard = _heard(listen, kernel) if listen is not None else None
    bill = run_cost(parsed.rules, kernel, say_on(err()))
    cautions = [*refused_lines(parsed), *bill.cautions]
    if sums is not None:
        bill = with_log(bill, parsed.rules, sums.shapes(), _span_ms(sums))
    if heard is not None:
        span_ms = (0, round(1000 * heard.elapsed_s))
        bill = with_log(bill, parsed.rules, heard.sums.shapes(), span_ms)
        cautions += [Caution("heard", each) for each in heard.cautions]
    bill = replace(bill, cautions=tuple(cautions))
    forms.deliver_page(cost_page(bill), lambda: cost_document(bill))
    if heard is not None and heard.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if bill.trustworthy else EXIT_UNTRUSTWORTHY


def _check(counts: Mapping[str, Any], times: Mapping[str, int | None], *, timed: bool) -> None:
    """UsageError for options that contradict each other: those of counted and of timed bills."""
    if counts["--log"] and counts["--listen"] is not None:
        raise UsageError("--log and --listen contradict each other", remedy="give one of them")
    if counts["--listen"] is not None:
        seconds(counts["--listen"])
    if timed and (given := [option for option, value in counts.items() if value]):
        raise UsageError(
            f"{given[0]} is for counted bills, and --timed measures this host",
            remedy="leave one of them out",
        )
    if not timed and (given := [option for option, value in times.items() if value]):
        raise UsageError(f"{given[0]} is about a run on this host", remedy="add --timed")


def _time(parsed: Parsed, load: Load, conduct: Conduct, display: Display, forms: Forms) -> int:
    from harness.reporters.documents.timed_cost import timed_cost_document
    from harness.reporters.rules.timed_cost import timed_cost_page
    from harness.run.rules.timed_cost import plan_timed, run_timed
    from harness.verbs.shared.output import err

    console = err()
    timed = plan_timed(parsed.rules, load)
    timed = replace(timed, cautions=(*refused_lines(parsed), *timed.cautions))
    bill = run_timed(timed, conduct, display.observer(console), say_on(console))
    forms.deliver_page(timed_cost_page(bill), lambda: timed_cost_document(bill))
    return EXIT_INTERRUPTED if bill.interrupted else EXIT_FINE


def _heard(listen: str, kernel: str | None) -> Heard:
    """The kernel's records, once it is known that guests can be started."""
    from harness.guest.boot import emulator_version
    from harness.guest.kernels.images import find_kernel

    emulator_version()
    find_kernel(kernel)
    return sums_of_kernel(seconds(listen))


def _span_ms(sums: LogSums) -> tuple[int | None, int | None]:
    """The times of a log's first and last event."""
    read = sums.document()
    return read["first_ms"], read["last_ms"]
