"""`auditbench verify`: whether a consumer's output has all that the kernel sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY, UsageError
from harness.files.caller import as_caller
from harness.plain import plain
from harness.verbs.shared.parameters import Json, To, Words

if TYPE_CHECKING:
    from harness.model.verify import Kind

EXIT_CODES = {
    "complete": EXIT_FINE,
    "incomplete": EXIT_REGRESSION,
    "cannot-tell": EXIT_UNTRUSTWORTHY,
}


def verify_verb(
    output: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    against: Annotated[str, Parameter(allow_leading_hyphen=True)],
    allow: Words = (),
    mapping: str | None = None,
    to: To = None,
    json: Json = False,
) -> int:
    """Show whether a consumer's output has every event that the kernel sent, unchanged.

    Parameters
    ----------
    output
        What a consumer wrote: a raw or enriched audit.log, or a folder of them, the JSON of
        go-audit or Laurel, or a capture; compressed or not, - for standard input.
    against
        RAW, the records of the same time: a raw audit.log or a capture.
    allow
        What to name without failing, of missing, cut, changed, doubled, out-of-order, not-in-raw.
    mapping
        Where in the JSON lines of another program serial, time and record types stand, such as
        `serial=seq,time=ts,type=type`.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    if output.startswith("--"):
        raise UsageError(f"unknown option {output!r}", remedy="see `auditbench verify --help`")
    allowed = _kinds(allow)
    if output == against or _is_same(output, against):
        raise UsageError(
            f"{plain(output)} is compared with itself",
            remedy="name two files: OUTPUT --against RAW",
        )
    from harness.consumers.foreign.mapping import read_mapping
    from harness.reporters.documents.verify import verify_document
    from harness.reporters.verify import verify_page
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err
    from harness.verbs.shared.top_progress import ReadingProgress
    from harness.verbs.shared.verify_sources import verify_files

    by = None if mapping is None else read_mapping("--mapping", mapping)
    forms = Forms(("json", "md"), to, json=json)
    with ReadingProgress(err()) as progress:
        report = verify_files(output, against, progress, allowed=allowed, mapping=by)
    forms.deliver_page(verify_page(report), lambda: verify_document(report))
    return EXIT_CODES[report.verdict]


def _is_same(output: str, against: str) -> bool:
    """Whether both name one file or folder, as a link does."""
    with as_caller():
        try:
            return Path(output).samefile(against)
        except (OSError, ValueError):
            return False


def _kinds(words: Words) -> frozenset[Kind]:
    from harness.model.verify import KINDS

    asked = {word for each in words for word in each.split(",") if word}
    if unknown := sorted(asked.difference(KINDS)):
        raise UsageError(f"--allow {unknown[0]!r} is unknown", remedy="one of " + ", ".join(KINDS))
    return frozenset(kind for kind in KINDS if kind in asked)
