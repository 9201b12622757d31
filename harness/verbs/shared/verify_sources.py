"""Where `auditbench verify` takes records from: the files of RAW and of the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from consumer.errors import ConsumerError
from consumer.log.files import LogFile, open_in_order
from harness.answers.verify.verify import match_events
from harness.consumers.foreign.comparable import (
    Comparable,
    fields_text,
    json_text,
    line_text,
    no_text,
)
from harness.consumers.foreign.given_output import Form, GivenOutput
from harness.consumers.foreign.mapping import LineMapping
from harness.errors import UntrustworthyError, UsageError
from harness.files.caller import as_caller
from harness.model.verify import Kind, VerifyReport
from harness.plain import plain

Progress = Callable[[int, int], None]

RAW_FORMS: tuple[Form, ...] = ("log", "capture")
COMPARABLE: dict[Form, Comparable] = {
    "log": line_text,
    "capture": line_text,
    "go-audit": json_text,
    "laurel": fields_text,
    "json-lines": json_text,
}


def verify_files(
    output: str,
    raw: str,
    progress: Progress,
    *,
    allowed: frozenset[Kind],
    mapping: LineMapping | None = None,
) -> VerifyReport:
    """Read both to their ends, side by side; the output by a mapping, if there is one.

    Raises UsageError for what cannot be read or is no log, UntrustworthyError for what is empty.
    """
    with _opened(raw) as raw_files, _opened(output) as output_files:
        total = sum(file.size for file in (*raw_files, *output_files))

        def tick() -> None:
            done = sum(file.position() for file in (*raw_files, *output_files))
            progress(done, total)

        truth = GivenOutput(raw, raw_files, tick)
        given = GivenOutput(output, output_files, tick, mapping)
        for each in (truth, given):
            _check(each)
        if truth.form not in RAW_FORMS:
            raise UsageError(
                f"{plain(truth.name)} is the output of a consumer ({truth.form})",
                remedy="take a raw audit.log or a capture (`auditbench record`) as RAW",
            )
        assert given.form is not None
        comparable = COMPARABLE[given.form]
        if mapping is not None and not mapping.has_text:
            comparable = no_text
        matched = match_events(
            truth.records(comparable, joins=given.form == "laurel"),
            given.records(comparable),
            is_raw_torn=truth.is_torn,
        )
        _require_one_host(truth, given)
        if mapping is not None and mapping.has_text and given.lacks_texts():
            raise UsageError(
                f"no record of {plain(given.name)} has a text at {plain(mapping.paths['text'])!r}",
                remedy="look at a line of it: text=PATH of --mapping says where the text stands",
            )
        return VerifyReport(truth.side(), given.side(), matched, allowed)


@contextmanager
def _opened(path: str) -> Iterator[list[LogFile]]:
    try:
        with as_caller():
            files = open_in_order([path])
    except ConsumerError as error:
        raise UsageError(plain(error.line)) from None
    try:
        yield files
    finally:
        for file in files:
            file.close()


def _check(given: GivenOutput) -> None:
    name = plain(given.name)
    if given.is_empty and given.problem:
        raise UsageError(
            f"{name} cannot be read ({plain(given.problem)})", remedy="name a file that is whole"
        )
    if given.is_empty:
        raise UntrustworthyError(
            f"cannot tell: {name} is empty",
            remedy="name what a consumer wrote, and the records of the same time",
        )
    if given.form is None:
        raise UsageError(f"no line of {name} is an audit record", remedy=given.forms_taken)


def _require_one_host(*both: GivenOutput) -> None:
    """Serials of two hosts cannot be told apart."""
    for given in both:
        if len(given.hosts) > 1:
            names = " and ".join(sorted(host.decode(errors="replace") for host in given.hosts))
            raise UsageError(
                f"{plain(given.name)} has events of several hosts ({plain(names)})",
                remedy="name a file with those of one host (`grep '^node=NAME '`)",
            )
