"""What each question of a plan is answered with: `cost.py`, `loss.py`, `ranking.py`; all begin with
the whole in one sentence. `reporters/answer.py` puts them together.
"""
