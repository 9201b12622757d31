"""What may be changed in a rule file by what a log is full of, and the file with it carried out.

Begin in `making.py`. Each other module knows one kind of change: `exclusions.py` of programs,
domains and users, `success.py` of failed calls, `record_types.py`, `folders.py` and `merges.py` of
the file alone, `order.py`, `backlog.py`. What they share is `logged.py`, the log against the rules,
in which each event is saved by one proposal only, and `lines.py`, which writes no rule that does
not mean what it should. `counting.py` has guests say what a change saves.
"""
