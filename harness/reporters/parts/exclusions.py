"""What exclusions gain, in words, and which program they are about."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.result import Comparison, Exclusion, Result
from harness.model.stored import StoredPlan
from harness.reporters.units import duration, percent, share
from harness.reporters.words import VERDICTS, metric_words


def exclusion_sentences(result: Result) -> list[str]:
    """The gain of each exclusion, what `exe` means for execs, and what stood for the program."""
    if not result.exclusions:
        return []
    groups: dict[str, list[Exclusion]] = {}
    for exclusion in result.exclusions:
        groups.setdefault(exclusion.cell.workload, []).append(exclusion)
    gains = (f"{name}: {_gains(group, result)}" for name, group in groups.items())
    return [
        f"{_of(result.plan)}, compared with the same rules without it: {'; '.join(gains)}.",
        *_of_execs(result.exclusions),
        *_in_its_place(result.plan, groups),
    ]


def give_back_sentences(result: Result) -> list[str]:
    """For each kind of exclusion what it gives back of the price, and what others pay for it."""
    kinds: dict[str, list[Exclusion]] = {}
    for exclusion in result.exclusions:
        if exclusion.gain.metric == result.primary:
            name = _named(exclusion, result)
            kinds.setdefault(name, []).append(exclusion)
    return [words for name, group in kinds.items() if (words := _give_back(name, group, result))]


def _named(exclusion: Exclusion, result: Result) -> str:
    several = len(result.plan.consumers) > 1
    return exclusion.cell.scenario + f" ({exclusion.cell.consumer})" * several


def _give_back(name: str, group: Iterable[Exclusion], result: Result) -> str:
    effective = [each for each in group if each.kept_back is None or each.kept_back >= 0.001]
    effective = [each for each in effective if each.events_without != 0]
    other = [each for each in group if each not in effective]
    parts = [_returned(each, result) for each in effective]
    if parts:
        parts.append(_paid(other) or "what other operations pay for it was not measured")
    elif other:
        parts = ["kept nothing back", _paid(other)]
    return f"{name} {'; '.join(parts)}." if parts else ""


def _returned(exclusion: Exclusion, result: Result) -> str:
    """The share of the price of the rules that their exclusion gives back in a workload."""
    rules = next(
        (
            each
            for each in result.comparisons
            if each.cell == exclusion.without and each.metric == result.primary
        ),
        None,
    )
    where, gain = exclusion.cell.workload, exclusion.gain
    of_what = exclusion.without.scenario
    if gain.verdict != "better" or gain.ratio is None:
        return f"gives nothing back in {where} that is proven"
    priced = rules is not None and rules.verdict in ("worse", "lost")
    if not priced or rules is None or rules.ratio is None or rules.ratio <= 1:
        return f"saves {share(1 - gain.ratio)} in {where}"
    returned = min(1.0, rules.ratio * (1 - gain.ratio) / (rules.ratio - 1))
    return f"gives back {share(returned)} of what {of_what} costs in {where}"


def _paid(group: Iterable[Exclusion]) -> str:
    """What operations pay of which the exclusion keeps no event back."""
    paid = [f"{_tax(each.gain)} ({each.cell.workload})" for each in group]
    return f"every other operation pays {', '.join(paid)}" if paid else ""


def _tax(gain: Comparison) -> str:
    if gain.verdict == "worse" and gain.ratio is not None:
        return f"{share(gain.ratio - 1)} more"
    if gain.verdict == "inconclusive" or gain.ratio is None:
        return "an amount that is inconclusive"
    return "nothing more that matters"


def _of(plan: StoredPlan) -> str:
    program = plan.excluded_program
    named = program.path if program is not None else "the program that makes the load"
    return f"The exclusion of {named}"


def _gains(group: Iterable[Exclusion], result: Result) -> str:
    several = len(result.plan.consumers) > 1
    return ", ".join(
        f"{each.cell.scenario}{f' ({each.cell.consumer})' * several} {gain_words(each)}"
        for each in group
    )


def gain_words(exclusion: Exclusion) -> str:
    """What one exclusion kept back, and what it saves or costs."""
    return " and ".join(filter(None, (_kept_back(exclusion), _saved(exclusion.gain))))


def _kept_back(exclusion: Exclusion) -> str:
    kept = exclusion.kept_back
    if kept is None:
        return "had nothing to keep back" if exclusion.events_without == 0 else ""
    if kept < 0.001:
        return "kept nothing back"
    return "kept all events back" if kept == 1 else f"kept {share(kept)} of the events back"


def _saved(gain: Comparison) -> str:
    """What the exclusion saves or costs; the difference is that of the ratio."""
    if gain.ratio is None or gain.reference is None or gain.ci_low is None:
        return f"its gain is {VERDICTS['inconclusive'].word}"
    of_metric = "" if gain.metric == "elapsed_ns_per_op" else f" of {metric_words(gain.metric)}"
    change = abs(gain.ratio - 1)
    much, per_operation = (
        share(change) + of_metric,
        f"({duration(gain.reference * change)} per operation)",
    )
    if gain.verdict == "better":
        return f"saves {much} {per_operation}"
    if gain.verdict == "worse":
        return f"costs {much} more {per_operation}"
    found = "gains nothing" if gain.verdict == "equal" else "has no proven gain"
    return f"{found} ({percent(gain.ratio)}{of_metric}, {VERDICTS[gain.verdict].word})"


def _of_execs(exclusions: Iterable[Exclusion]) -> list[str]:
    started = sorted({each.started for each in exclusions if each.started})
    if not started:
        return []
    return [
        f"For execs, exe is the program started (here {', '.join(started)}), "
        "not the one that starts it."
    ]


def _in_its_place(plan: StoredPlan, workloads: Iterable[str]) -> list[str]:
    """That a copy stood for the program that was named, or that the load started it itself."""
    program = plan.excluded_program
    if program is None:
        return []
    itself = [name for name in workloads if name not in program.workloads]
    sentences = []
    if itself:
        sentences.append(f"{', '.join(itself)}: the rules are about {program.path} itself.")
    if program.copy:
        sentences.append(
            f"{', '.join(program.workloads)}: the load ran from {program.copy}, a private copy of "
            f"its interpreter; exe={program.path} in the rules of all cells was replaced by it."
        )
    return sentences
