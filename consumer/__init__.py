"""The built-in audit consumer: netlink datagrams in, counters and events out."""
