"""`auditbench rules cost`: what each line of a rule file costs, counted in guests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY, UsageError
from harness.model.caution import Caution
from harness.verbs.shared.display import say_on
from harness.verbs.shared.log_sums import seconds, sums_of_kernel, sums_of_logs
from harness.verbs.shared.parameters import Json, Logs, To
from harness.verbs.shared.rule_source import loadable_rules, refused_lines

if TYPE_CHECKING:
    from consumer.log.summary import LogSums


def cost_verb(
    rules: Path,
    /,
    *,
    log: Logs = None,
    listen: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    kernel: str | None = None,
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
    parsed = loadable_rules(rules)
    if log and listen is not None:
        raise UsageError("--log and --listen contradict each other", remedy="give one of them")
    # Before anything is counted, so that a mistake shows at once.
    interrupted, heard, span_ms = False, list[Caution](), None
    sums = sums_of_logs(log) if log else None
    if listen is not None:
        began = monotonic()
        sums, words, interrupted = sums_of_kernel(seconds(listen))
        heard = [Caution("heard", each) for each in words]
        span_ms = (0, round(1000 * min(seconds(listen), monotonic() - began)))
    bill = run_cost(parsed.rules, kernel, say_on(err()))
    if sums is not None:
        bill = with_log(bill, parsed.rules, sums.shapes(), span_ms or _span_ms(sums))
    bill = replace(bill, cautions=(*refused_lines(parsed), *heard, *bill.cautions))
    forms.deliver_page(cost_page(bill), lambda: cost_document(bill))
    if interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if bill.trustworthy else EXIT_UNTRUSTWORTHY


def _span_ms(sums: LogSums) -> tuple[int | None, int | None]:
    """The times of a log's first and last event."""
    read = sums.document()
    return read["first_ms"], read["last_ms"]
