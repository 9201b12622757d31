"""The pure-Python twin of decoder and assembler: the oracle of the tests."""
