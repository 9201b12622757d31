"""Rows as pandas tables; pandas is an extra of this distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import MissingExtraError
from harness.model.run import Sample
from harness.reporters.export.trial_rows import trial_rows

if TYPE_CHECKING:
    import pandas


def rows_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> pandas.DataFrame:
    """One row each; without any row, the columns are those named.

    A column without any value is of numbers, all NaN.
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("a data frame", "pandas", "data") from None
    table = pandas.DataFrame(rows) if rows else pandas.DataFrame(columns=list(columns))
    for name in table.columns:
        if len(table) and table[name].isna().all():
            table[name] = table[name].astype("float64")
    return table


def trials_frame(run: str, samples: Sequence[Sample]) -> pandas.DataFrame:
    """One row per trial; `started_at` is a time in UTC."""
    return times(rows_frame(trial_rows(run, samples)))


def times(table: pandas.DataFrame) -> pandas.DataFrame:
    """The same with `started_at`, where there is such a column, as a time in UTC."""
    import pandas

    if len(table) and "started_at" in table.columns:
        table["started_at"] = pandas.to_datetime(table["started_at"], utc=True, format="ISO8601")
    return table
