"""The types that flow through the program, named by what users say.

Begin at `run.py` (cells, trials, samples), then `result.py`; `stored/` is what may stand on disk.
"""
