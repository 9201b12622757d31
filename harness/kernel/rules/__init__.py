"""Audit rules: text to bytes and back, as auditctl does it."""
