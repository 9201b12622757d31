"""Daemons from packages of any release, for a guest: unpacked in memory, nothing installed.

Begin at `gather.py`: it reads the packages that are named (`deb.py`), finds in them what a program
needs to start, and fetches what is missing (`source.py`). `entries.py` puts that into a guest.
"""
