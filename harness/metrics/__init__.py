"""Floor 3: the readings before, during and after a trial, and the meaning of each metric.

`machine` takes a snapshot of the host before and after, `audit` reads what audit itself costs
and says; `timeline` looks in between; `catalog` explains the numbers.
"""
