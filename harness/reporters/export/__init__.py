"""Stored runs in the formats of other tools: CSV, Parquet, pyperf, JUnit, pandas; one per file."""
