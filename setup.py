"""Cython extensions; everything else about the distribution stands in pyproject.toml.

AUDITBENCH_DEBUG_BUILD=1 builds with bounds checks and without optimisation;
AUDITBENCH_PACKAGES names the packages to build, separated by commas.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("AUDITBENCH_DEBUG_BUILD") == "1"
PACKAGES = os.environ.get("AUDITBENCH_PACKAGES", "consumer,workloads").split(",")
SHARED_FILES = [path for path in Path("share").rglob("*") if path.is_file()]
"""Manual pages and completions, where the tree has them: they go to share/ of the environment."""
SOURCES = sorted(str(path) for package in PACKAGES for path in Path(package).rglob("*.pyx"))

extensions = [
    Extension(
        source.removesuffix(".pyx").replace("/", "."),
        [source],
        extra_compile_args=["-O0", "-g"] if DEBUG else ["-O3"],
        define_macros=[("_GNU_SOURCE", "1")],
        include_dirs=["consumer/c"],
    )
    for source in SOURCES
]

setup(
    # A source distribution holds them as they are: nothing to translate.
    ext_modules=extensions
    if "sdist" in sys.argv
    else cythonize(
        extensions,
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "embedsignature": False,
            # Neither pickling nor doctest tables: modules are what their stubs say.
            "auto_pickle": False,
            "autotestdict": False,
        },
    ),
    data_files=[
        (folder.as_posix(), [path.as_posix() for path in SHARED_FILES if path.parent == folder])
        for folder in sorted({path.parent for path in SHARED_FILES})
    ],
    # One compiler per processor: the build is most of the wait before the first measurement.
    options={"build_ext": {"parallel": len(os.sched_getaffinity(0))}},
)
