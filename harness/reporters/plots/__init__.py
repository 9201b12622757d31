"""Runs as pictures. Each kind has its data, its words and its picture in one file.

matplotlib's objects are used without pyplot: nothing is kept between two pictures.
"""

import os
import pwd
from pathlib import Path

if os.geteuid() == 0:
    # matplotlib keeps a list of fonts in the home folder, which under `sudo -E` is another user's:
    # root would write there through whatever links that user has made.
    os.environ["MPLCONFIGDIR"] = str(Path(pwd.getpwuid(0).pw_dir, ".cache", "matplotlib"))
