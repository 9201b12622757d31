"""Whether a consumer's output holds every event of a raw log. Begin at `verify.py`."""
