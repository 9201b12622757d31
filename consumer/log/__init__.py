"""Reads files of audit.log and sums up their events."""
