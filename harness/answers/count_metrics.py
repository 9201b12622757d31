"""Metrics of counted runs as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.answers.quantities import compared_metric
from harness.errors import UsageError, one_of
from harness.model.count import ALL_COUNTED, INSTRUCTIONS


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


def counted_metric(where: str, name: str, metrics: Iterable[str] = ALL_COUNTED) -> str:
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
    return names_of(ALL_COUNTED).get(name) or compared_metric(where, name)
