"""Which rule of a file wrote an event, or would write one for a call, and why no other did.

Begin at `writer.py` for an event and at `forecast.py` for a call. `records.py` reads the lines of
events; `seen.py` is what both have in common; `conditions.py` holds one condition against it, and
`order.py` all rules in the order of the kernel.
"""
