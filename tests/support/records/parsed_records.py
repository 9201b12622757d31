"""Records from memory through a new pipeline, without a socket."""

from __future__ import annotations

from typing import Any

from consumer.event.assemble import Assembler
from consumer.receiving.parse import feed_frames
from consumer.receiving.pipeline import Pipeline


def parse_buffer(
    frames: bytes | memoryview,
    depth: str,
    *,
    assembler: Assembler | None = None,
    marker: bytes = b"",
) -> dict[str, Any]:
    """Its counters, as the result document names them; events still in flight are made final."""
    pipeline = Pipeline(depth, marker=marker, assembler=assembler)
    feed_frames(pipeline, frames)
    return pipeline.finish()
