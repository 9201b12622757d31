"""How long a test waits for what has to come. It ends a hang, and never judges speed.

A machine that does other things may be slow for minutes; a test that is waiting for something
waits so long, and a test that something does *not* come has a time of its own.
"""

PATIENCE_S = 600.0
