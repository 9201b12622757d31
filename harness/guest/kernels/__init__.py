"""The kernels that guests boot: found by name (`images.py`), fetched (`packages.py`), kept."""
