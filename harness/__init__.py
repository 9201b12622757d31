"""auditbench: what the Linux audit framework costs, and whether it loses events."""
