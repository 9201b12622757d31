"""`auditbench rules cover`: which operations rules see, by each way into the kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.counted import counted
from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError
from harness.verbs.shared.display import say_on
from harness.verbs.shared.parameters import Json, To
from harness.verbs.shared.rule_source import loadable_rules, parsed_rules, refused_lines

MOST_FILES = 2


def cover_verb(*files: Path, kernel: str | None = None, to: To = None, json: Json = False) -> int:
    """Do operations in an emulated guest, and say which rule records each, or that none does.

    Parameters
    ----------
    files
        A rule file in auditctl's syntax, or a folder, which is read as augenrules merges it; two,
        to see what the second no longer records.
    kernel
        The kernel: a version that this distribution serves such as `6.1`, a .deb, a bzImage, or
        `host`; the one that this distribution installs if not given.
    to
        Write the table as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    if not 1 <= len(files) <= MOST_FILES:
        raise UsageError(
            f"{counted(len(files), 'rule file is', 'rule files are')} given",
            remedy="name one, or two to see what the second no longer records",
        )
    from harness.reporters.documents.cover import cover_document
    from harness.reporters.rules.cover import cover_page
    from harness.run.rules.cover import run_cover
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err

    forms = Forms(("json", "md"), to, json=json)
    # An empty file beside another is a question: what is lost with all its rules.
    parsed = [(parsed_rules if len(files) > 1 else loadable_rules)(path) for path in files]
    coverage = run_cover([each.rules for each in parsed], kernel, say_on(err()))
    refused = [caution for each in parsed for caution in refused_lines(each)]
    names = tuple(str(path) for path in files)
    coverage = replace(coverage, files=names, cautions=(*refused, *coverage.cautions))
    forms.deliver_page(cover_page(coverage), lambda: cover_document(coverage))
    return EXIT_FINE if coverage.trustworthy else EXIT_UNTRUSTWORTHY
