"""A rule file with the proposals carried out, each explained in a comment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed, parse_source
from harness.kernel.rules.lint.source import Source, SourceLine
from harness.model.rules.advice import Proposal
from harness.plain import plain

_IN_FRONT = frozenset({"exclusion", "domain", "user", "record-type"})
Lines = dict[Place, list[str]]


def rewritten(parsed: Parsed, proposals: Sequence[Proposal]) -> bytes:
    """The new file. Lines that are changed stay in it as comments; exclusions come before all."""
    changed, above = _of_lines(proposals)
    first, prepended = _head(parsed)
    settings = [each for each in proposals if each.kind == "backlog" and not each.lines]
    in_front = [each for each in proposals if each.kind in _IN_FRONT]
    content: list[bytes] = []
    for number, line in enumerate(parsed.source.lines):
        new = [shown for each in settings if number == first for shown in _whole(each, "")]
        if number == first:
            new += [] if prepended else _all(in_front, "-a")
        new += above.get(line.place, [])
        content += [each.encode() for each in new]
        own = changed.get(line.place)
        content += [line.content] if own is None else [each.encode() for each in own]
        if number == prepended:
            content += [each.encode() for each in _all(in_front, "-A")]
    return b"\n".join(content).rstrip(b"\n") + b"\n"


def rules_after(parsed: Parsed, proposals: Sequence[Proposal]) -> tuple[LoadedRule, ...]:
    """The rules of the file with these proposals carried out, in order of evaluation."""
    lines = rewritten(parsed, proposals).split(b"\n")
    places = (Place("the new file", number) for number, _ in enumerate(lines, 1))
    source = Source(("the new file",), tuple(map(SourceLine, places, lines)))
    return parse_source(source, elsewhere=True).rules


def _of_lines(proposals: Sequence[Proposal]) -> tuple[Lines, Lines]:
    """What stands in the place of lines that change, and what comes above lines."""
    changed: Lines = {}
    above: Lines = defaultdict(list)
    moved = [each for each in proposals if each.before]
    for proposal in proposals:
        if proposal.before is None:
            for number, place in enumerate(proposal.lines):
                changed[Place(*place)] = list(_in_place(proposal, number))
    for proposal in sorted(moved, key=lambda each: -each.matched):
        assert proposal.before is not None
        (place,), (old,) = proposal.lines, proposal.old
        changed[Place(*place)] = [f"# moved up: {plain(old)}"]
        above[Place(*proposal.before)] += _whole(proposal, "")
    return changed, above


def _head(parsed: Parsed) -> tuple[int, int | None]:
    """Where the first rule stands that stays, and the last that -A puts in front, if any."""
    staying = {rule.place for rule in parsed.rules}
    adding = [line for place, line in parsed.lines if place in staying]
    in_front = [line.number for line in adding if line.parsed.rule and line.parsed.rule.prepend]
    return min(line.number for line in adding), max(in_front, default=None)


def _all(proposals: Sequence[Proposal], option: str) -> list[str]:
    return [line for proposal in proposals for line in _whole(proposal, option)]


def _whole(proposal: Proposal, option: str) -> list[str]:
    """A proposal's comment and new lines; with -A in the place of -a where they need it."""
    new = [f"{option}{line.removeprefix('-a')}" if option else line for line in proposal.new]
    return [*_why(proposal), *new]


def _in_place(proposal: Proposal, number: int) -> Iterator[str]:
    """The new lines for the old line with this number among those of a proposal."""
    if number == 0:
        yield from _why(proposal)
    yield f"# was: {plain(proposal.old[number])}"
    if number == 0:
        yield from proposal.new


def _why(proposal: Proposal) -> Iterator[str]:
    yield f"# {plain(proposal.reason)}"
    if proposal.goes_blind:
        yield f"# no longer recorded: {plain(proposal.goes_blind)}"
    for note in proposal.notes:
        yield f"# {plain(note)}"
