"""What runs in a guest; `agent.py` is its first program. Nothing outside imports what acts here."""
