"""Programs of the user's own, which no adapter of auditbench knows.

`command.py` starts one by its command and reads what it writes in a known form; `build.py` names
several builds of one program; `entry_points.py` finds adapters in packages of their own.
"""
