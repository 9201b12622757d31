"""The depths and modes by name, as data."""

from __future__ import annotations

# Each depth does what the one before does, and more.
DEPTHS = ("discard", "count", "decode", "assemble", "store")

DEPTH_SUMMARIES = {
    "discard": "a socket filter drops all but user messages: the kernel's cost alone",
    "count": "datagrams received and counted by type: the bare receive loop",
    "decode": "also header and all fields of every record located",
    "assemble": "also events put together and checked for completeness",
    "store": "also written as lines of a raw audit.log",
}

MODES = ("unicast", "multicast", "fd")
