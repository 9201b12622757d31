"""A rule file with the proposals carried out, each explained in a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.lint.parsed import Parsed
from harness.model.rules.advice import Advice, Proposal
from harness.plain import plain

Place = tuple[str, int]


def rewritten(parsed: Parsed, advice: Advice) -> bytes:
    """The new file. Lines that are changed stay in it as comments; exclusions come before all."""
    exclusions = [each for each in advice.proposals if each.kind == "exclusion"]
    changed: dict[Place, list[str]] = {}
    for proposal in advice.proposals:
        for number, place in enumerate(proposal.lines):
            changed[place] = list(_in_place(proposal, number))
    at, prepended = _head(parsed)
    content: list[bytes] = []
    for number, line in enumerate(parsed.source.lines):
        if number == at and not prepended:
            content += _excluding(exclusions, "-a")
        place = (line.place.file, line.place.line)
        new = changed.get(place)
        content += [line.content] if new is None else [each.encode() for each in new]
        if number == at and prepended:
            content += _excluding(exclusions, "-A")
    return b"\n".join(content).rstrip(b"\n") + b"\n"


def _head(parsed: Parsed) -> tuple[int, bool]:
    """The line at which a rule is the first of all, and whether it needs -A to be so."""
    adding = [line for _, line in parsed.lines if line.parsed.operation == "add"]
    in_front = [line.number for line in adding if line.parsed.rule and line.parsed.rule.prepend]
    if in_front:
        return max(in_front), True
    return min(line.number for line in adding), False


def _excluding(exclusions: Sequence[Proposal], option: str) -> Iterator[bytes]:
    for proposal in exclusions:
        yield from (line.encode() for line in _why(proposal))
        for line in proposal.new:
            yield f"{option}{line.removeprefix('-a')}".encode()


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
