"""Floor 3: what is read before, during and after a trial, and what each metric means.

A file per source; `machine` takes a snapshot of them all, `catalog` explains the numbers.
"""
