"""The answer to *cost*: the price against the reference, and what exclusions give back of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import agreeing, counted
from harness.model.result import Comparison, Result
from harness.model.run import AA, Cell
from harness.reporters.parts.exclusions import exclusion_sentences, give_back_sentences
from harness.reporters.parts.rows import Row, by_workload, rows, several_consumers
from harness.reporters.units import difference, percent, share
from harness.reporters.words import VERDICTS, metric_words

ELAPSED = "elapsed_ns_per_op"
_NO_AUDIT = "no-audit"


def cost_first(result: Result) -> str:
    """The price in one sentence, and one for each kind of exclusion; empty without a price."""
    found = {name: priced(result, group) for name, group in by_workload(rows(result)).items()}
    phrases = [phrase for name, group in found.items() if (phrase := _phrase(result, name, group))]
    everything = [row.by_metric[result.primary] for group in found.values() for row in group]
    phrases += _left_out(everything)
    if not everything and not result.exclusions and _has_reference(result):
        return f"Nothing was measured but the reference ({_reference_words(result)})."
    price = f"Compared with {_reference_words(result)}: {'; '.join(phrases)}." if phrases else ""
    return " ".join(filter(None, [price, *give_back_sentences(result)]))


def _has_reference(result: Result) -> bool:
    return any(comparison.verdict == "reference" for comparison in result.comparisons)


def cost_cells(result: Result) -> list[str]:
    """The price of every cell, a sentence per workload."""
    groups = by_workload(rows(result)).items()
    return [words for name, group in groups if (words := _workload_sentence(result, name, group))]


def cost_notes(result: Result) -> list[str]:
    """What exclusions gain, cell by cell, and which program they are about."""
    return exclusion_sentences(result)


def priced(result: Result, group: Sequence[Row]) -> list[Row]:
    """The cells whose price is that against the reference: of an exclusion it is against the
    rules that it is added to, where they were measured too.
    """
    apart = {exclusion.cell for exclusion in result.exclusions}
    # What a larger backlog changes is told with the waiting.
    apart |= {waiting.further for waiting in result.waiting if waiting.further is not None}
    return [row for row in group if is_compared(row, result.primary) and row.cell not in apart]


def _workload_sentence(result: Result, workload: str, group: Sequence[Row]) -> str:
    compared = priced(result, group)
    if not compared:
        return ""
    parts = "; ".join(
        f"{row_label(row, compared)} {cost_words(row.by_metric[result.primary], result.operation)}"
        for row in compared
    )
    of_metric = "" if result.primary == ELAPSED else f", {metric_words(result.primary)}"
    return f"{workload}{of_metric}: {parts}."


def _phrase(result: Result, workload: str, group: Sequence[Row]) -> str:
    """The dearest cell of a workload, or that none is dearer."""
    by_row = [(row, row.by_metric[result.primary]) for row in group]
    judged = [each for each in by_row if each[1].verdict not in ("nothing-matched", "lost")]
    dearer = [(row, c) for row, c in judged if c.verdict == "worse" and c.ratio is not None]
    if dearer:
        row, comparison = max(dearer, key=lambda each: each[1].ratio or 0.0)
        much = _more(result, share((comparison.ratio or 1.0) - 1), several=len(judged) > 1)
        return f"{workload} {much} ({row_label(row, group)})"
    verdicts = {comparison.verdict for _, comparison in judged}
    if not verdicts:
        return ""
    if "inconclusive" in verdicts:
        return f"whether {workload} {_more(result, '')} is inconclusive"
    if "better" in verdicts:
        return f"{workload} {_more(result, 'no')}, and in part less"
    return f"{workload} {_more(result, 'no')} (within {share(result.plan.margin)})"


def _more(result: Result, much: str, *, several: bool = False) -> str:
    at_most = "up to " if several else ""
    amount = f"{at_most}{much} " if much else ""
    if result.primary == ELAPSED:
        return f"takes {amount}longer"
    return f"needs {amount}more {metric_words(result.primary)}"


def _left_out(compared: Sequence[Comparison]) -> Iterator[str]:
    """How many cells the sentence says nothing of."""
    verdicts = [comparison.verdict for comparison in compared]
    if lost := verdicts.count("lost"):
        yield f"{lost} of {counted(len(verdicts), 'cell')} lost events"
    found = verdicts.count("inconclusive")
    if found > 0 and len(verdicts) > 1:
        of_all = counted(len(verdicts), "cell")
        yield f"{found} of {of_all} {agreeing(found, 'is', 'are')} inconclusive"


def _reference_words(result: Result) -> str:
    reference = result.plan.reference.of(Cell("", "", ""))
    name = reference.scenario or reference.consumer
    if name == _NO_AUDIT:
        return "no audit"
    return name or "the reference"


def is_compared(row: Row, metric: str) -> bool:
    """Whether the answer is about this cell: neither a reference nor its A/A copy."""
    comparison = row.by_metric.get(metric)
    return (
        comparison is not None
        and comparison.verdict not in ("reference", "no-reference")
        and not row.cell.scenario.endswith(AA)
    )


def row_label(row: Row, compared: Sequence[Row]) -> str:
    """The scenario, with the consumer where there are several of them."""
    if several_consumers(compared) and row.cell.scenario != row.cell.consumer:
        return f"{row.cell.scenario} ({row.cell.consumer})"
    return row.cell.scenario


def cost_words(comparison: Comparison, operation: str) -> str:
    """What a cell costs, with the verdict where that is neither worse nor better."""
    if comparison.verdict == "nothing-matched":
        return VERDICTS[comparison.verdict].word
    if comparison.ratio is None or comparison.ci_low is None or comparison.reference is None:
        lost = comparison.verdict == "lost"
        return VERDICTS["lost" if lost else "inconclusive"].word
    if comparison.verdict in ("equal", "inconclusive", "lost"):
        return f"{percent(comparison.ratio)} ({VERDICTS[comparison.verdict].word})"
    more = difference(comparison.reference, comparison.ratio)
    return f"{percent(comparison.ratio)} ({more} per {operation})"
