"""Cython extensions; everything else about the distribution stands in pyproject.toml.

AUDITBENCH_DEBUG_BUILD=1 builds with bounds checks and without optimisation;
AUDITBENCH_PACKAGES names the packages to build, separated by commas.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

sys.path.insert(0, str(Path(__file__).parent))

from harness.guest.compilation import HEADERS, MACROS, OPTIMISATION, directives
from harness.guest.compilation import PACKAGES as ALL_PACKAGES

DEBUG = os.environ.get("AUDITBENCH_DEBUG_BUILD") == "1"
PACKAGES = os.environ.get("AUDITBENCH_PACKAGES", ",".join(ALL_PACKAGES)).split(",")
SHARED_FILES = [path for path in Path("share").rglob("*") if path.is_file()]
"""Manual pages and completions, where the tree has them: they go to share/ of the environment."""
SOURCES = sorted(str(path) for package in PACKAGES for path in Path(package).rglob("*.pyx"))

extensions = [
    Extension(
        source.removesuffix(".pyx").replace("/", "."),
        [source],
        extra_compile_args=["-O0", "-g"] if DEBUG else list(OPTIMISATION),
        define_macros=list(MACROS),
        include_dirs=[HEADERS],
    )
    for source in SOURCES
]

setup(
    # A source distribution holds them as they are: nothing to translate.
    ext_modules=extensions
    if "sdist" in sys.argv
    else cythonize(
        extensions,
        compiler_directives=directives(debug=DEBUG),
    ),
    data_files=[
        (folder.as_posix(), [path.as_posix() for path in SHARED_FILES if path.parent == folder])
        for folder in sorted({path.parent for path in SHARED_FILES})
    ],
    # One compiler per processor: the build is most of the wait before the first measurement.
    options={"build_ext": {"parallel": len(os.sched_getaffinity(0))}},
)
