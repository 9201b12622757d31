"""Fuzzing of the consumer's decoder and assembler; see README.md."""
