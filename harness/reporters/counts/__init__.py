"""Pages about counted runs: begin at `compare.py`; what one run says is `count.py` above."""
