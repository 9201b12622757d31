"""`auditbench rules cost`: what each line of a rule file costs, counted in guests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY
from harness.verbs.shared.display import say_on
from harness.verbs.shared.log_sums import sums_of_logs
from harness.verbs.shared.parameters import Json, To
from harness.verbs.shared.rule_source import loadable_rules, refused_lines


def cost_verb(
    rules: Path,
    /,
    *,
    log: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
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
    kernel
        The kernel: a version that this distribution serves such as `6.1`, a .deb, a bzImage, or
        `host`; the one that this distribution installs if not given.
    to
        Write the bill as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    from harness.reporters.documents.cost import cost_document
    from harness.reporters.render.markdown import page_markdown
    from harness.reporters.render.terminal import render_page
    from harness.reporters.rules.cost import cost_page
    from harness.run.rules.bill_log import with_log
    from harness.run.rules.cost import run_cost
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err, out

    forms = Forms(("json", "md"), to, json=json)
    parsed = loadable_rules(rules)
    # Before anything is counted, so that a mistake shows at once.
    sums = sums_of_logs(log) if log else None
    bill = run_cost(parsed.rules, kernel, say_on(err()))
    if sums is not None:
        read = sums.document()
        bill = with_log(bill, parsed.rules, sums.shapes(), (read["first_ms"], read["last_ms"]))
    bill = replace(bill, cautions=(*refused_lines(parsed), *bill.cautions))
    forms.deliver(
        lambda: render_page(cost_page(bill), out()),
        lambda: cost_document(bill),
        md=lambda: page_markdown(cost_page(bill)),
    )
    return EXIT_FINE if bill.trustworthy else EXIT_UNTRUSTWORTHY
