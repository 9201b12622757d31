"""What exclusions gain, in words, and which program they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.counted import agreeing
from harness.model.result import Comparison, Exclusion, Result
from harness.model.run import rules_without
from harness.model.stored.plan import StoredPlan
from harness.reporters.units import duration, percent, share
from harness.reporters.words import VERDICTS, metric_words

LEAST_KEPT_BACK = 0.001
"""A smaller share of the events is nothing."""


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
    found = [words for name, group in kinds.items() if (words := _give_back(name, group, result))]
    tax_unknown = any(map(_is_effective, result.exclusions)) and all(
        map(_is_effective, result.exclusions)
    )
    return [*found, *([_UNMEASURED_TAX] if found and tax_unknown else []), *_without_base(result)]


_UNMEASURED_TAX = (
    "What other operations pay for an exclusion was not measured: add the workload syscalls."
)


def _named(exclusion: Exclusion, result: Result) -> str:
    several = len(result.plan.consumers) > 1
    return exclusion.cell.scenario + f" ({exclusion.cell.consumer})" * several


def _is_effective(exclusion: Exclusion) -> bool:
    """Whether the exclusion had events to keep back, and kept some back as far as is known."""
    kept = exclusion.kept_back
    return exclusion.events_without != 0 and (kept is None or kept >= LEAST_KEPT_BACK)


def _give_back(name: str, group: Sequence[Exclusion], result: Result) -> str:
    effective = [each for each in group if _is_effective(each)]
    other = [each for each in group if not _is_effective(each)]
    parts = [_returned(each, result) for each in effective] or ["kept nothing back"]
    return f"{name} {'; '.join(filter(None, (*parts, _paid(other))))}."


def _without_base(result: Result) -> Iterator[str]:
    """Of which exclusions the gain is not known, and what to measure to see it."""
    measured = {(each.cell.scenario, each.cell.workload) for each in result.comparisons}
    missing: dict[str, list[str]] = {}
    for scenario, workload in sorted(measured):
        base = rules_without(scenario)
        if base is not None and (base, workload) not in measured:
            names = missing.setdefault(base, [])
            names += [scenario] if scenario not in names else []
    for base, names in missing.items():
        it = agreeing(len(names), "it", "them")
        yield (
            f"What {' and '.join(names)} {agreeing(len(names), 'gains', 'gain')} is not known: the "
            f"same rules without {it} were not measured; add the scenario {base}{_of_file(result)}."
        )


def _of_file(result: Result) -> str:
    """That the exclusion is not one of the rule files that were measured, if there are any."""
    files = dict.fromkeys(each.scenario for each in result.plan.matching if each.file)
    names = [name for name in files if rules_without(name) is None]
    if not names:
        return ""
    return f", or --exclude-exe PROGRAM for an exclusion of {', '.join(names)}"


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
        return _no_gain(exclusion)
    priced = rules is not None and rules.verdict in ("worse", "lost")
    if not priced or rules is None or rules.ratio is None or rules.ratio <= 1:
        return f"saves {share(1 - gain.ratio)} in {where}"
    returned = min(1.0, rules.ratio * (1 - gain.ratio) / (rules.ratio - 1))
    return f"gives back {share(returned)} of what {of_what} costs in {where}"


def _no_gain(exclusion: Exclusion) -> str:
    """What is to be said in short of an exclusion that is not proven to save anything."""
    where, gain = exclusion.cell.workload, exclusion.gain
    if gain.verdict == "equal":
        return f"gives nothing back in {where} that matters"
    if gain.verdict == "worse" and gain.ratio is not None:
        return f"costs {share(gain.ratio - 1)} more in {where} than {exclusion.without.scenario}"
    kept = _kept_back(exclusion)
    if kept:
        return f"{kept} in {where}, but whether that saves anything is inconclusive"
    return f"whether it gives anything back in {where} is inconclusive"


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
    if kept < LEAST_KEPT_BACK:
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
