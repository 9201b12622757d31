"""How much rules and a consumer can take: a search whose trials follow from those before.

Begin at `plan.py`, which makes the plan of what is asked; `blocks.py` has its trials one by one.
"""
