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


def _of(plan: StoredPlan) -> str:
    program = plan.excluded_program
    named = program.path if program is not None else "the program that makes the load"
    return f"The exclusion of {named}"


def _gains(group: Iterable[Exclusion], result: Result) -> str:
    several = len(result.plan.consumers) > 1
    return ", ".join(
        f"{each.cell.scenario}{f' ({each.cell.consumer})' * several} {_gain(each, result)}"
        for each in group
    )


def _gain(exclusion: Exclusion, result: Result) -> str:
    return " and ".join(filter(None, (_kept_back(exclusion), _saved(exclusion.gain, result))))


def _kept_back(exclusion: Exclusion) -> str:
    kept = exclusion.kept_back
    if kept is None:
        return "had nothing to keep back" if exclusion.events_without == 0 else ""
    if kept < 0.001:
        return "kept nothing back"
    return "kept all events back" if kept == 1 else f"kept {share(kept)} of the events back"


def _saved(gain: Comparison, result: Result) -> str:
    """What the exclusion saves or costs; the difference is that of the ratio."""
    if gain.ratio is None or gain.reference is None or gain.ci_low is None:
        return f"its gain is {VERDICTS['inconclusive'].word}"
    of_metric = "" if gain.metric == result.primary else f" of {metric_words(gain.metric)}"
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
