"""The way in: what `auditbench`, `python -m auditbench` and pytest load first.

Nothing here imports the other packages before `clash.py` has found that they are this
distribution's: their names, `harness`, `consumer` and `workloads`, are not rare.
"""
