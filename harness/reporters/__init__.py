"""Values to bytes: terminal tables, JSON, the answer in words. Nothing here writes files."""
