"""The compiled modules by dotted name, one per line when run."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def extension_sources() -> list[Path]:
    """Every .pyx of the distribution."""
    return sorted(
        path for package in ("consumer", "workloads") for path in (ROOT / package).rglob("*.pyx")
    )


def extension_modules() -> list[str]:
    """Their dotted names."""
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in extension_sources()]


if __name__ == "__main__":
    print("\n".join(extension_modules()))
