"""Consumers under test: one adapter per file, each named in `catalog.py`.

`base.py` says what an adapter offers to a run.
"""
