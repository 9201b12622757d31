"""Where the parts of one record are, as offsets; nothing is copied.

Begin at `header.pxd`, then `fields.pxd`. `syscall.pxd` and `execve.pxd` read what a record says of
its event.
"""
