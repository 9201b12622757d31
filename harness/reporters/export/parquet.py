"""A run's trials as an Arrow table or a Parquet file, by pyarrow, which is an extra."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.model.run import Ledger, Sample
from harness.reporters.export.trial_rows import trial_rows

if TYPE_CHECKING:
    import pyarrow

_FLOAT_LEDGER = {"ledger_waited_ms"}
_TEXT = {
    *("run", "kernel", "workload", "scenario", "consumer", "started_at", "invalid_reason"),
    "warnings",
    "ledger_attribution",
}
_FLAGS = {"warm_up", "interleaved", "valid"}
_WHOLE = {"index", "block", "position", "seed", "ops", "duration_ns", "backlog_high"}


def require_pyarrow(what: str = "Parquet") -> None:
    """UsageError with the remedy where pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UsageError(
            f"{what} needs pyarrow, which is not installed",
            remedy="pip install 'auditbench[parquet]', or export --to csv",
        ) from None


def trials_parquet(run: str, samples: Sequence[Sample], metadata: Mapping[str, str]) -> bytes:
    """`trials_table` as a file."""
    require_pyarrow()
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(trials_table(run, samples, metadata), sink)
    return sink.getvalue()


def trials_table(run: str, samples: Sequence[Sample], metadata: Mapping[str, str]) -> pyarrow.Table:
    """One row per trial; `metadata` goes into the table's key-value pairs.

    A column has one type in every table, also where all of its values are missing.
    """
    require_pyarrow("an Arrow table")
    import pyarrow

    rows = trial_rows(run, samples)
    names = list(rows[0]) if rows else []
    schema = pyarrow.schema(
        [(name, _type(pyarrow, name)) for name in names],
        metadata={key.encode(): value.encode() for key, value in metadata.items()},
    )
    return pyarrow.Table.from_pylist(rows, schema=schema)


def _type(pyarrow: Any, name: str) -> Any:
    if name in _TEXT:
        return pyarrow.string()
    if name in _FLAGS:
        return pyarrow.bool_()
    ledger = name.removeprefix("ledger_") in Ledger.__dataclass_fields__ and "ledger_" in name
    if name in _WHOLE or (ledger and name not in _FLOAT_LEDGER):
        return pyarrow.int64()
    return pyarrow.float64()
