"""The answer to *victim*: what audit of a noisy load does to an innocent one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.result import Result
from harness.model.stored.victim import VictimCell
from harness.reporters.parts.victim import by_noise, compared_p99, victim_label, victim_name
from harness.reporters.units import duration, percent, share
from harness.reporters.words import VERDICTS

ROOM = "for room in the backlog"


def victim_first(result: Result) -> str:
    """The cell in which it was worst off, beside the same without audit and alone; a sentence per
    noisy load.
    """
    return " ".join(_sentence(result, noisy, group) for noisy, group in by_noise(result).items())


def victim_cells(result: Result) -> list[str]:
    """Every cell, a sentence each."""
    sentences = []
    for noisy, group in by_noise(result).items():
        cells = "; ".join(_cell(each, group) for each in group)
        sentences.append(f"{victim_name(result)} beside {noisy}: {cells}.")
    return sentences


def _sentence(result: Result, noisy: str, group: Sequence[VictimCell]) -> str:
    audited = [each for each in group if not (each.alone or each.is_reference)]
    name = victim_name(result)
    if not audited:
        return f"{name} beside {noisy} was measured without audit only."
    worst = max(audited, key=lambda each: each.longest_ns)
    without = list(_without(group))
    head = (
        f"Beside {noisy} with audit, the longest stall of an innocent {name} load was "
        f"{duration(worst.longest_ns)} ({victim_label(worst, group)})"
    )
    parts = [f"{head}{_of_it(worst)}", *without]
    return f"{'; '.join(parts)}. {_p99(result, audited, group)}"


def _without(group: Sequence[VictimCell]) -> Iterator[str]:
    """The same beside the noisy load without audit, and alone."""
    for each in group:
        if each.is_reference:
            yield f"without audit it was {duration(each.longest_ns)}"
    for each in group:
        if each.alone:
            yield f"alone {duration(each.longest_ns)}"


def _of_it(each: VictimCell) -> str:
    if each.longest_waiting_share is None:
        return ", of which it is not known how much was waiting"
    return f", {share(each.longest_waiting_share)} of it waiting {ROOM}"


def _p99(result: Result, audited: Sequence[VictimCell], group: Sequence[VictimCell]) -> str:
    """How its p99 changed in each cell with audit."""
    found = []
    for each in audited:
        compared = compared_p99(result, each)
        name = victim_label(each, group)
        word = VERDICTS["no-reference" if compared is None else compared.verdict].word
        if compared is None or compared.ratio is None or compared.ci_low is None:
            found.append(f"{name} {word}")
        else:
            found.append(f"{name} {percent(compared.ratio)} ({word})")
    return f"Its p99 against no audit: {', '.join(found)}."


def _cell(each: VictimCell, group: Sequence[VictimCell]) -> str:
    waiting = "" if each.alone or each.is_reference else _of_it(each)
    return (
        f"{victim_label(each, group)} p50 {duration(each.p50_ns)}, p99 {duration(each.p99_ns)}, "
        f"p99.9 {duration(each.p999_ns)}, longest {duration(each.longest_ns)}{waiting}"
    )
