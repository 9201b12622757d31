"""Named audit states (`.rules`) and plans (`.toml`), as data; `catalog.py` names each of them."""
