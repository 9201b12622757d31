"""Read files of audit.log and sum up their events: `python -m consumer.log`, and `auditbench top`.

Begin at `summary.py`. Lines come from `reader.pyx`, their events from `events.pyx`, sums by value
from `sums.pyx`; `tables.py` says what they mean.
"""
