"""Checks that find what is wrong with a rule before it is loaded."""
