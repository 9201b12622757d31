"""What an agent does besides counting trials. Only what a guest is told to do is imported in it."""

from __future__ import annotations

from typing import Any, Final

JOB: Final = "job"
"""In an order's document: the module below that carries it out."""
COVER: Final = "harness.guest.inside.covering"
PRICE: Final = "harness.guest.inside.pricing"
LOAD: Final = "harness.guest.inside.loading"


def carry_out(document: dict[str, Any], say: Any) -> None:
    """Do the job of a document; `say(event, **fields)` tells the host."""
    if document[JOB] == COVER:
        from harness.guest.inside.covering import cover  # noqa: PLC0415

        cover(document, say)
    elif document[JOB] == LOAD:
        from harness.guest.inside.loading import load  # noqa: PLC0415

        load(document, say)
    else:
        from harness.guest.inside.pricing import price  # noqa: PLC0415

        price(document, say)
