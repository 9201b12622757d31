"""Floor 3: the readings before, during and after a trial, and the meaning of each metric.

`machine` takes a snapshot of the host before and after, `audit` reads audit's own cost and
counters; `timeline` samples in between; `tracepoints` counts independently; `catalog` explains
the numbers.
"""
