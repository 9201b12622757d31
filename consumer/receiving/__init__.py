"""From the socket to the assembler."""
