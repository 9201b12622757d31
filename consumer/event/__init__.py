"""Assembly of records to events, and their completeness."""
