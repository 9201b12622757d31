"""Declarations of C headers, one per file; `scan.h` is our own: 64 bytes of text at a time."""
