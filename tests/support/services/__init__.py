"""Services of the tests' own."""
