"""`auditbench rules explain`: which rule wrote an event, or would record a command's calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError
from harness.verbs.shared.parameters import Flag, Json, To
from harness.verbs.shared.rule_source import loadable_rules, refused_lines

if TYPE_CHECKING:
    from harness.kernel.rules.lint.parsed import Parsed
    from harness.reporters.explain import Explained

STDIN = Path("-")


def explain_verb(
    rules: Path,
    /,
    *,
    event: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    elsewhere: Flag = False,
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Say which rule wrote an event and why no rule before it did; exit code 3 if unknown.

    Parameters
    ----------
    rules
        A rule file in auditctl's syntax, or a folder, which is read as augenrules merges it.
    event
        The file with the events' lines, as in audit.log or from `ausearch --raw`; standard input
        if not given.
    elsewhere
        The events are another host's: links and inodes of this one say nothing about their paths.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
    command
        After `--`: run this command once under strace, as the user who called, and say which of its
        calls would be recorded by which rule.
    """
    if command and (event is not None or elsewhere):
        raise UsageError(
            "a command after `--` goes with neither --event nor --elsewhere",
            remedy="leave them out",
        )
    from harness.reporters.documents.explain import explained_document
    from harness.reporters.explain import explained_page, render_explained
    from harness.reporters.render.markdown import page_markdown
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json", "md"), to, json=json)
    parsed = loadable_rules(rules)
    explained = (
        _of_command(parsed, command)
        if command
        else _of_events(parsed, event or STDIN, elsewhere=elsewhere)
    )
    forms.deliver(
        lambda: render_explained(explained, out()),
        lambda: explained_document(explained),
        md=lambda: page_markdown(explained_page(explained)),
    )
    return EXIT_FINE if explained.is_explained else EXIT_UNTRUSTWORTHY


def _of_events(parsed: Parsed, path: Path, *, elsewhere: bool) -> Explained:
    from harness.counted import counted
    from harness.kernel.rules.explain.records import read_events
    from harness.kernel.rules.explain.writer import explain_event
    from harness.model.caution import Caution
    from harness.plain import plain
    from harness.reporters.explain import Explained

    source = "standard input" if path == STDIN else plain(str(path))
    log = read_events(_content(path, source), source, elsewhere=elsewhere)
    cautions = refused_lines(parsed)
    if log.damaged:
        lines = counted(log.damaged, "line is no audit record", "lines are no audit records")
        cautions.append(Caution("damaged", f"{lines} and left out", "give all lines of the event"))
    events = tuple(explain_event(each, parsed.rules) for each in log.events)
    return Explained(parsed.source.files, events, cautions=tuple(cautions))


def _content(path: Path, source: str) -> bytes:
    from harness.files.caller import why
    from harness.files.reading import MOST_DOCUMENT_BYTES, TooLargeError, read_bytes

    if path != STDIN:
        try:
            return read_bytes(path, named=True)
        except (OSError, ValueError) as error:
            reason = why(error) if isinstance(error, OSError) else str(error)
            raise UsageError(
                f"{source} cannot be read ({reason})", remedy="check the path and its rights"
            ) from error
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "there is no event to explain",
            remedy="pipe its lines into it, name them with --event FILE, or give `-- COMMAND`",
        )
    content = sys.stdin.buffer.read(MOST_DOCUMENT_BYTES + 1)
    if len(content) > MOST_DOCUMENT_BYTES:
        raise UsageError(
            f"{source}: {TooLargeError(MOST_DOCUMENT_BYTES)}", remedy="choose fewer events"
        )
    return content


def _of_command(parsed: Parsed, command: tuple[str, ...]) -> Explained:
    from harness.counted import counted
    from harness.host.syscall_trace.tracer import Tracing
    from harness.kernel.rules.explain.forecast import Forecaster
    from harness.model.caution import Caution
    from harness.reporters.explain import Commanded, Explained

    tracing, forecaster = Tracing(command), Forecaster(parsed.rules)
    for seen in tracing.calls():
        forecaster.take(seen)
    cautions = refused_lines(parsed)
    if tracing.unread:
        lines = counted(tracing.unread, "line")
        cautions.append(Caution("unread", f"{lines} of strace could not be read, and are left out"))
    if tracing.uses_io_uring:
        what = "the command used io_uring, and strace does not show its operations"
        cautions.append(Caution("io_uring", what, "see `auditbench rules lint` for what they hide"))
    done = Commanded(command, tracing.status or 0, forecaster.forecast)
    return Explained(parsed.source.files, command=done, cautions=tuple(cautions))
