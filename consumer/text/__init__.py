"""Records as people read them: names beside numbers, encoded values decoded.

Begin at `render.py`, which makes a whole event of its records.
"""
