"""A run while it goes on, as shown to whoever waits for it.

`lines.py` says what is known so far, `screen.py` draws it on a terminal, `plain.py` prints it.
"""
