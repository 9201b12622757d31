"""`auditbench top`: what fills an audit.log, or the kernel's records of the next seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, UsageError
from harness.verbs.shared.log_sums import seconds, sums_of_kernel
from harness.verbs.shared.parameters import Flag, Json, To, split_names

if TYPE_CHECKING:
    from consumer.log.summary import LogSums
    from harness.kernel.rules.file import RuleFile

BY = ("exe", "comm", "syscall", "key", "auid", "uid", "address", "type", "node", "rule")


def top_verb(
    *files: Annotated[str, Parameter(allow_leading_hyphen=True)],
    by: Annotated[list[str] | None, Parameter(negative="")] = None,
    rules: Path | None = None,
    aureport: Flag = False,
    limit: int = 10,
    listen: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    unicast: Flag = False,
    to: To = None,
    json: Json = False,
) -> int:
    """Show which programs, system calls, keys, users, addresses and rules fill a log.

    Parameters
    ----------
    files
        audit.log files, raw or enriched, compressed or not, or folders of them; - for standard
        input.
    by
        What to count by, separated by commas: exe, comm, syscall, key, auid, uid, address, type
        (of the first record), node, rule. exe,syscall,key,auid,address if not given.
    rules
        A rule file: count by its rules, too.
    aureport
        Count what `aureport --summary` counts, and leave out the events that it leaves out.
    limit
        Rows per table; 0 for all.
    listen
        Instead of files: the kernel's records during this time, such as 30s or 2m.
    unicast
        With --listen: register as the audit daemon instead of joining the multicast group.
    to
        Write the tables as json=FILE, or print them as json.
    """
    by = split_names(by or ())
    _check(files, by, rules, limit, listen, unicast=unicast)
    from harness.verbs.shared.forms import Forms

    forms = Forms(("json",), to, json=json)
    from harness.reporters.documents.top import top_document
    from harness.reporters.render.terminal import render_page
    from harness.reporters.top import top_page
    from harness.verbs.shared.output import err, out
    from harness.verbs.shared.top_progress import ReadingProgress
    from harness.verbs.shared.top_sources import from_files

    rule_file = _load(rules)
    shapes = rule_file is not None
    kinds = _kinds(by, with_rules=shapes)
    cautions: tuple[str, ...] = ()
    interrupted = False
    if listen is not None:
        heard = sums_of_kernel(
            seconds(listen), kinds, unicast=unicast, shapes=shapes, as_aureport=aureport
        )
        sums, cautions, interrupted = heard.sums, heard.cautions, heard.interrupted
    else:
        with ReadingProgress(err()) as reading:
            sums = from_files(files, kinds, reading, shapes=shapes, as_aureport=aureport)
    log = sums.document()
    tables = {table["by"]: table for table in log["tables"]}
    if rule_file is not None:
        tables["rule"] = _by_rule(rule_file, sums)
    document = top_document(log, [tables[kind] for kind in kinds], cautions)
    forms.deliver(lambda: render_page(top_page(document, limit), out()), lambda: document)
    return EXIT_INTERRUPTED if interrupted else EXIT_FINE


def _load(rules: Path | None) -> RuleFile | None:
    if rules is None:
        return None
    from harness.kernel.rules.file import load_rule_file

    return load_rule_file(rules, ignore_lock=True, elsewhere=True)


def _by_rule(rule_file: RuleFile, sums: LogSums) -> dict[str, Any]:
    from harness.analysis.top_rules import credit_rules
    from harness.kernel.rules.format import format_listing
    from harness.reporters.documents.top import rule_table

    credits = credit_rules(rule_file.rules, sums.shapes())
    return rule_table(rule_file, format_listing(rule_file.rules), credits)


def _check(
    files: tuple[str, ...],
    by: list[str],
    rules: Path | None,
    limit: int,
    listen: str | None,
    *,
    unicast: bool,
) -> None:
    options = [word for word in files if word.startswith("--")]
    if options:
        from harness.cli import app
        from harness.verbs.shared.mistakes import no_option

        raise UsageError(no_option(app, "top", options[0]))
    if listen is None and not files:
        raise UsageError(
            "no log to read", remedy="name files, - for standard input, or --listen 30s"
        )
    if listen is not None and files:
        raise UsageError("--listen and files contradict each other", remedy="give one of them")
    if unicast and listen is None:
        raise UsageError("--unicast goes with --listen", remedy="add --listen 30s or leave it out")
    if limit < 0:
        raise UsageError(f"--limit {limit} is below 0", remedy="give a number of rows, 0 for all")
    unknown = [word for word in by if word not in BY]
    if unknown:
        raise UsageError(f"--by {unknown[0]!r} is unknown", remedy="one of " + ", ".join(BY))
    if "rule" in by and rules is None:
        raise UsageError("--by rule needs rules", remedy="add --rules FILE")
    if listen is not None:
        seconds(listen)


def _kinds(by: list[str], *, with_rules: bool) -> tuple[str, ...]:
    """The tables in the requested order; the one by rule comes first if it is not named."""
    from consumer.log.summary import DEFAULT_KINDS

    kinds = tuple(dict.fromkeys(by)) if by else DEFAULT_KINDS
    return ("rule", *kinds) if with_rules and "rule" not in kinds else kinds
