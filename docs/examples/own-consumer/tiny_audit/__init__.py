"""The smallest audit daemon that writes JSON lines, and its adapter for auditbench."""
