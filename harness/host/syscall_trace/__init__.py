"""A command run once under strace, and its system calls as rules can be held against them.

Begin at `tracer.py`, which runs it. `line.py` reads what strace writes; `tasks.py` follows
programs, folders and ids of the processes; `files.py` finds the files of a call; `calls.py` puts
all of it together.
"""
