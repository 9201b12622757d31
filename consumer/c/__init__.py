"""Declarations of C headers."""
