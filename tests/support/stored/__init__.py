"""Stored runs that no kernel made: whole ones, altered ones and hostile ones."""
