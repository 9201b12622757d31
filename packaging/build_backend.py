"""What pip and `build` call: setuptools, and before it the manual pages and completions.

They are made of what `--help` prints, so making them takes what that needs. A source distribution
holds them, and an editable install has no use for them: both are setuptools alone.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from setuptools import build_meta

ROOT = Path(__file__).parents[1]
HELP_NEEDS = ("cyclopts", "msgspec", "rich")
"""The dependencies without which `auditbench --help` prints nothing."""
Settings = dict[str, Any] | None

build_editable = build_meta.build_editable
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """What building a wheel needs beside `requires` of pyproject.toml."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_help_needs()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """What building a source distribution needs beside `requires` of pyproject.toml."""
    return [*build_meta.get_requires_for_build_sdist(config_settings), *_help_needs()]


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel; returns its name."""
    _make_share()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build a source distribution; returns its name."""
    _make_share()
    return build_meta.build_sdist(sdist_directory, config_settings)


def _help_needs() -> list[str]:
    if _is_source_distribution():
        return []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [need for need in project["dependencies"] if need.startswith(HELP_NEEDS)]


def _make_share() -> None:
    if not _is_source_distribution():
        subprocess.run([sys.executable, ROOT / "packaging/share.py"], check=True)


def _is_source_distribution() -> bool:
    """Whether this is no tree but what `build_sdist` made of one, which has its share/."""
    return (ROOT / "PKG-INFO").is_file()
