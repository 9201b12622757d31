"""From the socket to the assembler.

Begin at `receive.pyx`, which hands each datagram to `pipeline.pyx`; `parse.pyx` feeds records from
memory instead.
"""
