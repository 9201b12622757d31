"""The result in words: what the rules cost, what exclusions give back, whether events were lost."""

from __future__ import annotations

from harness.counted import agreeing, counted
from harness.model.result import Comparison, Result
from harness.model.run import AA
from harness.reporters.exclusions import exclusion_sentences
from harness.reporters.ledger import sentences_of_result
from harness.reporters.loss import none_lost
from harness.reporters.matching import nothing_matched
from harness.reporters.noise import deciding_sentences
from harness.reporters.ranking import consumers_sentence, sustained_sentence
from harness.reporters.rows import Row, by_workload, rows, several_consumers
from harness.reporters.units import difference, percent
from harness.reporters.words import VERDICTS


def answer(result: Result) -> str:
    """One sentence per workload, and one on loss; never more certain than the data."""
    sentences = [
        consumers_sentence(workload, result) or _workload_sentence(result, workload, group)
        for workload, group in by_workload(rows(result)).items()
    ]
    loss = [sustained_sentence(result.sustained), loss_sentence(result), none_lost(result)]
    sentences += deciding_sentences(result)
    first = [nothing_matched(result), *sentences, *sentences_of_result(result)]
    return " ".join(filter(None, [*first, *exclusion_sentences(result), *loss]))


def _workload_sentence(result: Result, workload: str, group: list[Row]) -> str:
    # What a larger backlog changes is told with the waiting.
    further = {waiting.further for waiting in result.waiting}
    compared = [
        row for row in group if is_compared(row, result.primary) and row.cell not in further
    ]
    if not compared:
        return ""
    parts = "; ".join(
        f"{row_label(row, compared)} {cost_words(row.by_metric[result.primary], result.operation)}"
        for row in compared
    )
    return f"{workload}: {parts}."


def is_compared(row: Row, metric: str) -> bool:
    """Whether the answer is about this cell: neither a reference nor its A/A copy."""
    comparison = row.by_metric.get(metric)
    return (
        comparison is not None
        and comparison.verdict not in ("reference", "no-reference")
        and not row.cell.scenario.endswith(AA)
    )


def row_label(row: Row, compared: list[Row]) -> str:
    """The scenario, with the consumer where there are several of them."""
    if several_consumers(compared) and row.cell.scenario != row.cell.consumer:
        return f"{row.cell.scenario} ({row.cell.consumer})"
    return row.cell.scenario


def cost_words(comparison: Comparison, operation: str) -> str:
    """What a cell costs, with the verdict where that is neither worse nor better."""
    if comparison.verdict == "nothing-matched":
        return VERDICTS[comparison.verdict].word
    if comparison.ratio is None or comparison.ci_low is None or comparison.reference is None:
        return VERDICTS["inconclusive"].word
    if comparison.verdict in ("equal", "inconclusive"):
        return f"{percent(comparison.ratio)} ({VERDICTS[comparison.verdict].word})"
    more = difference(comparison.reference, comparison.ratio)
    return f"{percent(comparison.ratio)} ({more} per {operation})"


def loss_sentence(result: Result) -> str:
    """How many of the expected events arrived whole; empty if that is unknown."""
    known = [
        ledger
        for ledger in result.ledgers
        if ledger.total.generated and ledger.total.complete is not None
    ]
    if not known:
        return ""
    generated = sum(
        (ledger.total.generated or 0) - (ledger.total.suppressed or 0) for ledger in known
    )
    received = sum(ledger.total.complete or 0 for ledger in known)
    if not generated:
        return ""
    if received == generated:
        all_of_them = agreeing(generated, "The", f"All {generated:,}")
        return f"{all_of_them} expected {agreeing(generated, 'event', 'events')} arrived whole."
    expected = counted(generated, "expected event")
    return f"Of {expected} {generated - received:,} did not arrive whole."
