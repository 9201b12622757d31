"""What a consumer received, computed from the records in its output by our own assembler.

Every consumer is judged alike: its output, turned back to records, goes through the depth
`assemble` of the built-in consumer, whose document says which events are complete.
"""

from __future__ import annotations

import itertools
import re
import socket
import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from harness.processes.line_process import ChildFailedError, LineProcess, module_command

EOE = 1320
"""No consumer writes the end-of-event record; it does not count as missing."""
USER_MESSAGES = range(1100, 1200)
START_NUMBER = 0
"""The number of the start marker; those that close a trial count from 1."""
READY_TIMEOUT_S = 10.0
JUDGE_TIMEOUT_S = 120.0
OF_THE_JUDGE = frozenset(
    {
        "event",
        "depth",
        "rcvbuf_bytes",
        "no_enobufs",
        "pid",
        "portid",
        "elapsed_ns",
        "cpu_user_ns",
        "cpu_system_ns",
        "max_rss_bytes",
        "voluntary_switches",
        "involuntary_switches",
        "batches",
        "rcvbuf_high_bytes",
        "stored_bytes",
    }
)
"""Keys of the document that describe the judging process, not the consumer."""
_HEADER = struct.Struct("=IHHII")

Record = tuple[int, bytes]
"""A record's type and its text, from `audit(` on."""


def from_start(read: Callable[[], Iterable[Record]], marker: str) -> Iterator[Record]:
    """The records that `read` gives, the start marker first.

    A consumer that waits for the end of each event writes the start marker, which has none, long
    after the kernel sent it: after later events. The assembler forgets everything before the
    marker, so it must come where the kernel sent it. If the marker is found, only the records
    before it are read twice.
    """
    pattern = re.compile(rb"%s:%d\b" % (re.escape(marker.encode()), START_NUMBER))
    place = next(
        (
            (index, record)
            for index, record in enumerate(read())
            if record[0] in USER_MESSAGES and pattern.search(record[1])
        ),
        None,
    )
    if place is None:
        yield from read()
        return
    index, record = place
    rest = iter(read())
    yield record
    yield from itertools.islice(rest, index)
    next(rest, None)
    yield from rest


def judge(
    records: Iterable[Record],
    *,
    marker: str,
    missing_types: Collection[int] = (EOE,),
    trees: Collection[int] = (),
) -> dict[str, Any]:
    """The document of the records. `missing_types` are types that the output cannot contain.

    The events of the processes `trees` and of their descendants are counted separately.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = module_command(
        "consumer",
        "--control",
        "--mode",
        "fd",
        "--fd",
        str(theirs.fileno()),
        "--marker",
        marker,
        "--excluded-types",
        ",".join(map(str, sorted(missing_types))),
    )
    with ours, LineProcess("judge", command, pass_fds=(theirs.fileno(),)) as process:
        theirs.close()
        process.expect("ready", timeout_s=READY_TIMEOUT_S)
        for pid in trees:
            process.send(f"tree {pid}")
        # Commands are handled in order: the answer to this one shows that the trees are known.
        process.send("counters")
        process.expect("counters", timeout_s=READY_TIMEOUT_S)
        try:
            for record_type, text in records:
                head = _HEADER.pack(_HEADER.size + len(text), record_type, 0, 0, 0)
                ours.sendmsg([head, text])
        except BrokenPipeError:
            raise ChildFailedError("the output of a consumer could not be judged") from None
        ours.close()
        document = process.expect("result", timeout_s=JUDGE_TIMEOUT_S)
    received = {name: value for name, value in document.items() if name not in OF_THE_JUDGE}
    return received | {"judged": True}
