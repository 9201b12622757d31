"""What there is to choose from, and kept kernels, as `auditbench list` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.guest.kernels.kept import KeptKernel
from harness.guest.kernels.packages import Package
from harness.reporters.counts.numbers import DIGITS_OF_CHECKSUM
from harness.reporters.page import WIDE, Column, Grid, Line, Page, columns, number, text


def list_page(what: str, entries: Sequence[Mapping[str, str]]) -> Page:
    """A row per entry under the names of its fields, which all entries share."""
    names = tuple(entries[0])
    rows = tuple(tuple(text(entry[name]) for name in names) for entry in entries)
    grid = Grid(what, "", columns(*names, left=len(names)), rows)
    return Page(f"auditbench list {what}", (grid,))


def kernels_page(kept: Sequence[KeptKernel], served: Sequence[Package], why_not: str) -> Page:
    """The kernels in the cache, then those that are served, each with what names it.

    `why_not` says why none can be served.
    """
    heads = (*columns("kept kernel", "package's version", left=2), Column("MB"),
             Column("SHA-256", left=True), Column("package", left=True, media=WIDE))  # fmt: skip
    rows = tuple(
        (
            text(kernel.release),
            text(kernel.package.version),
            number(f"{kernel.size_bytes / 1e6:.1f}", kernel.size_bytes / 1e6),
            text(kernel.sha256[:DIGITS_OF_CHECKSUM]),
            text(kernel.package.name),
        )
        for kernel in kept
    )
    parts: list[Grid | Line] = [Grid("kept", "", heads, rows)]
    if not kept:
        parts = [Line("No kernel is kept.")]
    names = {kernel.package.file for kernel in kept}
    offers = tuple(
        (text(p.series), text(p.name), text(p.version), text("yes" if p.file in names else "no"))
        for p in served
    )
    heads = columns("--kernel", "newest package", "version", "kept", left=4)
    parts.append(Grid("served", "This distribution serves", heads, offers))
    if why_not:
        parts.append(Line(f"What is served is not known: {why_not}", "note"))
    return Page("auditbench list kernels", tuple(parts))


def kernels_document(
    kept: Sequence[KeptKernel], served: Sequence[Package], why_not: str
) -> dict[str, Any]:
    """The same as one JSON document; `served` is null where it is not known."""
    names = {kernel.package.file for kernel in kept}
    return {
        "schema": "auditbench.list/1",
        "kernels": [
            {
                "release": kernel.release,
                "package": kernel.package.name,
                "version": kernel.package.version,
                "size_bytes": kernel.size_bytes,
                "sha256": kernel.sha256,
            }
            for kernel in kept
        ],
        "served": None if why_not else [
            {"kernel": p.series, "package": p.name, "version": p.version, "kept": p.file in names}
            for p in served
        ],
    }  # fmt: skip
