"""A run while it goes on, as shown to whoever waits for it.

`lines.py` says how far it is, `table.py` what is known of each cell, `screen.py` draws
it on a terminal, `plain.py` prints it.
"""
