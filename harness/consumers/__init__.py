"""Consumers under test: one adapter each."""
