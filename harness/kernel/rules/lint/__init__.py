"""Everything worth saying about a rule file at once, without the kernel, each at its place.

Begin at `linter.py`: a source (one file, or a folder as augenrules merges it) becomes findings.
Each other module looks for one family of them and declares their kinds; `catalog.py` has all kinds.
"""
