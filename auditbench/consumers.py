"""What an adapter of a consumer in a package of its own is made of: docs/own-consumer.md.

The package names its adapter as an entry point of the group `auditbench.consumers`. `OwnConsumer`
starts a program by its command and reads what it writes; whoever needs more implements `Consumer`.
"""

from __future__ import annotations

from harness.consumers.base import (
    Consumer,
    ConsumerAbsentError,
    ConsumerReport,
    ConsumerSetup,
    Found,
    RunningConsumer,
)
from harness.consumers.foreign.mapping import LineMapping, read_mapping
from harness.consumers.foreign.program import find_program
from harness.consumers.own.command import OwnCommand, OwnConsumer

__all__ = [
    "Consumer",
    "ConsumerAbsentError",
    "ConsumerReport",
    "ConsumerSetup",
    "Found",
    "LineMapping",
    "OwnCommand",
    "OwnConsumer",
    "RunningConsumer",
    "find_program",
    "read_mapping",
]
