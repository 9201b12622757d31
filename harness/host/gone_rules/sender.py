"""Sends one AUDIT_SET by `sendto`, with an address, on the socket that it is given.

The address is the point: the kernel copies it for a SOCKADDR record only where it counts rules.
Started with -I -S, so that it is there within milliseconds.
"""

import socket
import struct
import sys

AUDIT_SET, REQUEST, ENABLED = 1001, 1, 1
KERNEL = (0, 0)

with socket.socket(fileno=int(sys.argv[1])) as audit:
    payload = struct.pack("=11I", ENABLED, 1, *[0] * 9)
    header = struct.pack("=IHHII", 16 + len(payload), AUDIT_SET, REQUEST, 0, 0)
    audit.sendto(header + payload, KERNEL)
