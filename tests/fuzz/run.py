"""Build the consumer with sanitizers outside of the source tree and fuzz it; see README.md.

`keep` takes over what earlier runs found; all other arguments go to libFuzzer. It must be run by a
Python that has atheris, Cython and setuptools.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "fuzz"
SEEDS = ROOT / "tests" / "fuzz" / "corpus"
KEPT = ROOT / "tests" / "fuzz" / "kept.tar.xz"
SANITIZE = "-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined"
SETUP = """
from pathlib import Path
from Cython.Build import cythonize
from setuptools import Extension, setup
sources = [*map(str, Path("consumer").rglob("*.pyx")), "exact.pyx"]
macros = [("_GNU_SOURCE", "1")]
extensions = [Extension(source[:-4].replace("/", "."), [source], define_macros=macros,
                        include_dirs=["consumer/c"])
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


def target(name: str, options: list[str]) -> int:
    """Run a target under libFuzzer; its exit code."""
    runtime = Path(
        subprocess.check_output(
            [sys.executable, "-c", "import atheris; print(atheris.path())"], text=True
        ).strip()
    )
    environment = os.environ | {
        "LD_PRELOAD": str(runtime / "asan_with_fuzzer.so"),
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "PYTHONPATH": str(BUILD),
    }
    # A merge starts itself again, by the name it was started with.
    program = BUILD / f"{name}.sh"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m tests.fuzz.{name} "$@"\n')
    program.chmod(0o755)
    environment["FUZZ_SELF"] = str(program)
    command = [str(program), "-max_len=2048", "-timeout=10", "-rss_limit_mb=2048", *options]
    return subprocess.run(command, cwd=BUILD, env=environment, check=False).returncode


def fuzz(name: str, options: list[str]) -> int:
    """Fuzz from the kept inputs and those of earlier runs; a file is an input to run again."""
    work, kept = BUILD / f"corpus-{name}", BUILD / "kept"
    work.mkdir(exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(SEEDS, kept)
    shutil.unpack_archive(KEPT, kept, filter="data")
    files = [str(Path(word).resolve()) if Path(word).is_file() else word for word in options]
    folders = [] if files != options else [str(work), str(kept)]
    return target(name, [*files, *folders])


def keep(name: str) -> int:
    """Put the smallest set of inputs that covers as much into the archive of kept ones."""
    merged = BUILD / "merged"
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    found = BUILD / f"corpus-{name}"
    code = target(name, ["-merge=1", str(merged), str(BUILD / "kept"), str(found)])
    with tarfile.open(KEPT, "w:xz") as archive:
        for path in sorted(merged.iterdir()):
            entry = tarfile.TarInfo(path.name)
            entry.size = path.stat().st_size
            archive.addfile(entry, io.BytesIO(path.read_bytes()))
    return code


if __name__ == "__main__":
    BUILD.mkdir(parents=True, exist_ok=True)
    copy_sources()
    build()
    chosen = os.environ.get("FUZZ_TARGET", "target")
    sys.exit(keep(chosen) if sys.argv[1:] == ["keep"] else fuzz(chosen, sys.argv[1:]))
