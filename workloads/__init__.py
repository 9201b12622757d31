"""Load generators, which press the machine while audit watches.

One load per file, each named in `catalog.py`.
"""
