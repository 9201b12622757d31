"""The fuzz target for the reader of logs; `FUZZ_TARGET=log_target` makes run.py start it."""

from __future__ import annotations

import os
import sys
from itertools import count

import atheris

from consumer.log.summary import LogSums
from consumer.log.tables import KINDS
from tests.fuzz.log_lines import cut, feed, log_of, read

INPUTS_PER_READER = 500
# One of this many inputs is also read in pieces, which must make no difference.
INPUTS_PER_CUT = int(os.environ.get("FUZZ_TWIN", "50"))

numbers = count(1)
readers = [LogSums(KINDS, with_shapes=True)]


def one_input(data: bytes) -> None:
    """Feed one log; now and then, once more whole and in pieces, and compare."""
    number = next(numbers)
    if number % INPUTS_PER_READER == 0:
        readers[0].document()
        readers[0] = LogSums(KINDS, with_shapes=True)
    log = log_of(data)
    feed(readers[0], [log])
    if INPUTS_PER_CUT and number % INPUTS_PER_CUT == 0:
        whole, parts = read([log]), read(cut(log, number))
        if whole != parts:
            raise AssertionError(f"whole {whole}, in pieces {parts}")


atheris.Setup([os.environ["FUZZ_SELF"], *sys.argv[1:]], one_input, enable_python_coverage=False)
atheris.Fuzz()
