"""`auditbench rules advise`: what may be changed in a rule file, and what goes blind by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, UsageError
from harness.verbs.shared.parameters import Json, To


def advise_verb(
    rules: Path,
    /,
    *,
    log: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    write: Path | None = None,
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
        Write the rules with all proposals carried out, each explained in a comment.
    to
        Write the proposals as FORM=FILE, or print them as FORM; may be given several times: json,
        md.
    """
    from harness.files.output import require_writable, write_bytes
    from harness.reporters.documents.advise import advice_document
    from harness.reporters.render.markdown import page_markdown
    from harness.reporters.render.terminal import render_page
    from harness.reporters.rules.advice import advice_page
    from harness.run.rules.advice import make_advice
    from harness.run.rules.rewriting import rewritten
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.log_sums import sums_of_logs
    from harness.verbs.shared.output import out
    from harness.verbs.shared.rule_source import loadable_rules, refused_lines

    if not log:
        raise UsageError("no log is named", remedy="add --log /var/log/audit")
    forms = Forms(("json", "md"), to, json=json)
    if write is not None:
        if write.resolve() == rules.resolve():
            raise UsageError(f"{write} is the file that is read", remedy="--write another one")
        require_writable(write)
    parsed = loadable_rules(rules)
    sums = sums_of_logs(log)
    sums.document()
    advice = make_advice(parsed, sums.shapes())
    advice = replace(advice, cautions=tuple(refused_lines(parsed)))
    forms.deliver(
        lambda: render_page(advice_page(advice), out()),
        lambda: advice_document(advice),
        md=lambda: page_markdown(advice_page(advice)),
    )
    if write is not None:
        write_bytes(write, rewritten(parsed, advice))
    return EXIT_FINE
