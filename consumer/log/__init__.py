"""Reading files of audit.log and summing up their events."""
