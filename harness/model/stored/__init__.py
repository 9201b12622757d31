"""What stands in a stored run: `plan.py`, `environment.py`, and what is read of a trial again.

Everything of a run that was not measured a moment ago comes from outside. It is held against these
shapes once, as it is read; whoever uses it later can rely on them. What an older run does not say
has its default here, and nowhere else.
"""
