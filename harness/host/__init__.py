"""Floor 2: what machine this is, whether it is fit to measure on, and which CPU does what.

Reads; the only thing it ever changes is one rule that lives for milliseconds (`ever_enabled`).
"""
