"""Audit rules, from text to the kernel's bytes and back, as auditctl does it.

Begin at `file.py` for a whole file, at `text.py` for one line; `rule.py` has the bytes.
"""
