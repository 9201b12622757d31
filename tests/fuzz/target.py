"""The fuzz target; run.py builds what it needs and starts it. It takes libFuzzer's options.

FUZZ_PROVE=1 reads beyond a block instead, which must end in a report of AddressSanitizer.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

import atheris
import exact

from consumer.output.store import LineStore
from tests.fuzz import setups
from tests.fuzz.grammar import datagrams

# A consumer takes this many inputs before a new one begins: new tables cost more than an input.
INPUTS_PER_CONSUMER = 200
# One of this many inputs also goes through the twin, which is slow; 0 is none.
INPUTS_PER_TWIN = int(os.environ.get("FUZZ_TWIN", "50"))
RECENT = Path(os.environ.get("FUZZ_RECENT", "recent.inputs"))

numbers = count(1)
store = LineStore(os.devnull)
consumers = [setups.pipeline(setup, store) for setup in range(4)]
recent = RECENT.open("wb", buffering=0)


def renew() -> None:
    """Finish all consumers and begin new ones."""
    for setup, old in enumerate(consumers):
        old.finish()
        consumers[setup] = setups.pipeline(setup, store)
    recent.seek(0)
    recent.truncate()


def one_input(data: bytes) -> None:
    """Feed one input; now and then, a consumer of its own and the twin, and compare."""
    number = next(numbers)
    if number % INPUTS_PER_CONSUMER == 0:
        renew()
    # What a crash needs to happen again: all inputs since the consumers were new.
    recent.write(len(data).to_bytes(4, "little") + data)
    setup, stream = datagrams(data)
    exact.feed_exact(consumers[setup], stream)
    if INPUTS_PER_TWIN and number % INPUTS_PER_TWIN == 0 and setups.comparable(stream):
        own = setups.pipeline(setup)
        exact.feed_exact(own, stream)
        if different := setups.difference(setup, stream, own.finish()):
            raise AssertionError(different)


if os.environ.get("FUZZ_PROVE"):
    exact.read_beyond(b"x" * 24)
atheris.Setup([os.environ["FUZZ_SELF"], *sys.argv[1:]], one_input, enable_python_coverage=False)
atheris.Fuzz()
