"""Floor 3: what is read before, during and after a trial, and what each metric means.

`machine` takes a snapshot of the host before and after, `audit` reads what audit itself costs
and says; `timeline` looks in between; `catalog` explains the numbers.
"""
