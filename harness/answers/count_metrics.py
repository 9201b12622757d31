"""Metrics of counted runs as people write them, and their margins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.answers.quantities import compared_metric, parse_share
from harness.errors import UsageError, one_of
from harness.model.count import COUNT_MARGIN, COUNTED_METRICS, INSTRUCTIONS
from harness.model.reference import Margins


def short_name(metric: str) -> str:
    """`instructions_per_op` is `instructions`, and `a_instructions_per_op` `a-instructions`."""
    return metric.removesuffix("_per_op").replace("_", "-")


def costs(metrics: Iterable[str]) -> dict[str, None]:
    """Those of these metrics that are instructions: fewer are better."""
    return {name: None for name in metrics if name.endswith(INSTRUCTIONS)}


def names_of(metrics: Iterable[str]) -> Mapping[str, str]:
    """The full name of each of these metrics by each of its names."""
    known = list(metrics)
    return {short_name(name): name for name in known} | {name: name for name in known}


def counted_metric(where: str, name: str, metrics: Iterable[str]) -> str:
    """The full name of one of these metrics, from that or its short one; else UsageError."""
    names = names_of(metrics)
    if name not in names:
        raise UsageError(
            f"{where}: no counted metric is called {name!r}",
            remedy=one_of(name, dict.fromkeys(map(short_name, names.values()))),
        )
    return names[name]


def any_metric(where: str, name: str) -> str:
    """The full name of a metric that is counted, or else of one that is compared."""
    return names_of(COUNTED_METRICS).get(name) or compared_metric(where, name)


def count_margins(words: Iterable[str], metrics: Iterable[str]) -> Margins:
    """`1%` for all metrics and `METRIC=3%` for one; COUNT_MARGIN where nothing is said."""
    general, by_metric = COUNT_MARGIN, {}
    for word in words:
        name, equals, share = word.rpartition("=")
        if equals:
            full = counted_metric("--margin", name.strip(), metrics)
            by_metric[full] = parse_share("--margin", share)
        else:
            general = parse_share("--margin", word)
    return Margins(general, by_metric)
