"""Which rule matches a record, and whether one can match a load at all."""
