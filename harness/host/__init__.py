"""Floor 2: facts of this machine, whether it is fit to measure on, and the roles of its CPUs.

It only reads, except for one rule that exists for milliseconds (`ever_enabled`).
"""
