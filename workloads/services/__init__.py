"""Services as loads: a server, how it is known to be ready, and the client that drives it, as data.

Each is a TOML file, named in `catalog.py`; a user's own is such a file too. `file.py` says what it
may hold, `workloads/service.py` carries it out.
"""
