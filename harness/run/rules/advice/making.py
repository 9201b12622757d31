"""From rules and a log to proposals, what saves most first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, get_args

from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import Parsed
from harness.model.rules.advice import Advice, Kind, Proposal, Saving
from harness.run.rules.advice.backlog import roomier_backlog
from harness.run.rules.advice.exclusions import domains_sentence, exclusions
from harness.run.rules.advice.folders import folder_watches
from harness.run.rules.advice.lines import prepended_places
from harness.run.rules.advice.logged import Logged, Shape
from harness.run.rules.advice.merges import merges
from harness.run.rules.advice.order import moves
from harness.run.rules.advice.record_types import record_types
from harness.run.rules.advice.success import only_successful

_KINDS: Final = get_args(Kind)


def make_advice(
    parsed: Parsed, shapes: Sequence[Shape], busiest: tuple[int, int] = (0, 0)
) -> Advice:
    """What may be changed in these rules, given the system calls of a log.

    `shapes` are the documents of `consumer.log.tables.shapes`; `busiest` is the log's busiest
    second, as `LogSums.busiest` says it.
    """
    logged = Logged(parsed.rules, shapes)
    found = [*exclusions(logged), *_of_lines(parsed, logged)]
    # The exclusions and the failed calls are claimed by now: records are counted of what is left.
    found += [*record_types(logged), *roomier_backlog(parsed, busiest)]
    return Advice(
        files=parsed.source.files,
        proposals=tuple(sorted(found, key=by_saving)),
        log=Saving(logged.events, logged.records, logged.bytes),
        domains=domains_sentence(logged),
    )


def _of_lines(parsed: Parsed, logged: Logged) -> Iterator[Proposal]:
    """Proposals that change lines: each line by one of them only, so that each can be taken."""
    if any(line.parsed.operation == "delete" for _, line in parsed.lines):
        # A line that deletes another would no longer find it.
        return
    left = prepended = prepended_places(parsed)
    for proposal in only_successful(logged, left):
        left |= {Place(*place) for place in proposal.lines}
        yield proposal
    for make in (folder_watches, merges):
        for proposal in make(parsed.rules, left):
            left |= {Place(*place) for place in proposal.lines}
            yield proposal
    yield from moves(logged, left, prepended)


def by_saving(proposal: Proposal) -> tuple[float, float, float, int, int]:
    """The order of proposals: by records, then by what was counted or timed, of other calls and of
    events that a rule no longer comes late for; where nothing was, what spares each call a
    comparison of conditions comes before what spares it one of its number.
    """
    call, matched = _measured(proposal)
    kind = _KINDS.index(proposal.kind)
    return -proposal.added.records, -call, -matched, kind, -proposal.lines_spared


def _measured(proposal: Proposal) -> tuple[float, float]:
    """What another call and an event of a line that moves are spared; 0 where it is not known."""
    if proposal.counted is not None:
        return proposal.counted.call or 0, proposal.counted.matched or 0
    if proposal.timed is None:
        return 0, 0
    times = (proposal.timed.call, proposal.timed.matched)
    call, matched = (each.ns if each is not None and each.is_told else 0.0 for each in times)
    return call, matched
