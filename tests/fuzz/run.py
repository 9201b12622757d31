"""Build the consumer with sanitizers outside of the source tree and fuzz it; see README.md.

All arguments go to libFuzzer. It must be run by a Python that has atheris, Cython and setuptools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "fuzz"
SANITIZE = "-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined"
SETUP = """
from pathlib import Path
from Cython.Build import cythonize
from setuptools import Extension, setup
sources = [*map(str, Path("consumer").glob("*.pyx")), "exact.pyx"]
macros = [("_GNU_SOURCE", "1")]
extensions = [Extension(source[:-4].replace("/", "."), [source], define_macros=macros)
              for source in sources]
setup(ext_modules=cythonize(
    extensions,
    compiler_directives=dict(language_level=3, boundscheck=False, wraparound=False,
                             initializedcheck=False, cdivision=True, auto_pickle=False)))
"""


def copy_sources() -> None:
    """Copy what is compiled; files that did not change keep their time."""
    keep = shutil.ignore_patterns("*.so", "*.c", "__pycache__")
    shutil.copytree(ROOT / "consumer", BUILD / "consumer", dirs_exist_ok=True, ignore=keep)
    shutil.copytree(ROOT / "tests" / "fuzz", BUILD / "tests" / "fuzz", dirs_exist_ok=True)
    shutil.copy2(ROOT / "tests" / "fuzz" / "exact.pyx", BUILD)
    (BUILD / "tests" / "__init__.py").touch()
    (BUILD / "setup.py").write_text(SETUP)


def build() -> None:
    """Compile the copies with clang."""
    flags = f"{SANITIZE} -O1 -g -fno-omit-frame-pointer"
    environment = os.environ | {"CC": "clang", "LDSHARED": "clang -shared", "CFLAGS": flags}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(command, cwd=BUILD, env=environment, check=True)


def fuzz(options: list[str]) -> int:
    """Run the target on the kept corpus and a working one; its exit code."""
    name = os.environ.get("FUZZ_TARGET", "target")
    runtime = Path(
        subprocess.check_output(
            [sys.executable, "-c", "import atheris; print(atheris.path())"], text=True
        ).strip()
    )
    work = BUILD / f"corpus-{name}"
    work.mkdir(exist_ok=True)
    environment = os.environ | {
        "LD_PRELOAD": str(runtime / "asan_with_fuzzer.so"),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "PYTHONPATH": str(BUILD),
    }
    target = [sys.executable, "-P", "-m", f"tests.fuzz.{name}"]
    limits = ["-max_len=2048", "-timeout=10", "-rss_limit_mb=2048"]
    # A file is an input to run again, alone.
    folders = [str(work), str(ROOT / "tests" / "fuzz" / "corpus")]
    again = any(Path(option).is_file() for option in options)
    command = [*target, *limits, *options, *([] if again else folders)]
    return subprocess.run(command, cwd=BUILD, env=environment, check=False).returncode


if __name__ == "__main__":
    BUILD.mkdir(parents=True, exist_ok=True)
    copy_sources()
    build()
    files = [str(Path(word).resolve()) if Path(word).is_file() else word for word in sys.argv[1:]]
    sys.exit(fuzz(files))
