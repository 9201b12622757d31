"""Every consumer that can be put under test, by name: auditbench's, and those of packages."""

from __future__ import annotations

from harness.consumers.auditbeat import AUDITBEATS
from harness.consumers.auditd import AUDITD, AUDITD_ENRICHED, AuditdConsumer
from harness.consumers.auditd_plugins import AUDITD_PLUGINS
from harness.consumers.base import Consumer
from harness.consumers.builtin import BuiltinConsumer
from harness.consumers.ebpf import EbpfConsumer
from harness.consumers.go_audit import GoAudit
from harness.consumers.journald import JournaldConsumer
from harness.consumers.laurel import AUDITD_LAUREL, LaurelConsumer
from harness.consumers.none import NoConsumer
from harness.consumers.osqueryd import OSQUERYDS
from harness.consumers.own.entry_points import adapter, installed
from harness.consumers.pair import PairConsumer
from harness.consumers.process_events import ProcessEventsConsumer
from harness.errors import UsageError, one_of

_DEPTHS = {
    "discard": "the kernel alone: a socket filter drops every record on arrival",
    "count": "receives every record and looks only at its type",
    "decode": "locates every field of every record",
    "assemble": "decodes, and assembles records into events, whole or partial",
    "store": "assembles, and writes what auditd would write",
}


def _builtin() -> list[Consumer]:
    unicast: list[Consumer] = [
        BuiltinConsumer(depth, summary, mode="unicast", depth=depth)
        for depth, summary in _DEPTHS.items()
    ]
    multicast: list[Consumer] = [
        BuiltinConsumer(
            f"multicast-{depth}", f"multicast: {summary}", mode="multicast", depth=depth
        )
        for depth, summary in _DEPTHS.items()
    ]
    return [*unicast, *multicast]


def _auditd() -> list[Consumer]:
    journald = JournaldConsumer()
    return [
        AUDITD,
        AUDITD_ENRICHED,
        AUDITD_LAUREL,
        LaurelConsumer(
            "auditd-laurel-0.8",
            "auditd-laurel with the Laurel 0.8 that `make consumers` got",
            kept="laurel",
        ),
        AuditdConsumer("auditd-3", "the auditd 3 that `make consumers` got", kept="auditd-3"),
        AuditdConsumer("auditd-4", "the auditd 4 that `make consumers` got", kept="auditd-4"),
        *AUDITD_PLUGINS,
        PairConsumer(
            "auditd+multicast",
            "auditd with raw log, and multicast-assemble beside it",
            first=AUDITD,
            second=BuiltinConsumer(
                "multicast-assemble", _DEPTHS["assemble"], mode="multicast", depth="assemble"
            ),
        ),
        journald,
        PairConsumer(
            "auditd+journald",
            "auditd with raw log, and systemd-journald beside it by multicast",
            first=AUDITD,
            second=journald,
        ),
    ]


_OF_AUDITBENCH: list[Consumer] = [NoConsumer(), *_builtin()]
BUILT_IN = frozenset(consumer.name for consumer in _OF_AUDITBENCH)
"""The names of those that are no other program."""
CONSUMERS: dict[str, Consumer] = {
    consumer.name: consumer
    for consumer in [
        *_OF_AUDITBENCH,
        *_auditd(),
        GoAudit(),
        *OSQUERYDS,
        *AUDITBEATS,
        EbpfConsumer(),
        ProcessEventsConsumer(),
    ]
}


ONE_OF_YOUR_OWN = "; or a program of your own with --consumer-command and --consumer-output"


def find_consumer(name: str) -> Consumer:
    """The consumer of this name; raises UsageError, listing the known ones, if it is unknown.

    A package cannot take the name of one of auditbench's own.
    """
    if name in CONSUMERS:
        return CONSUMERS[name]
    if name in installed():
        return adapter(name)
    remedy = one_of(name, consumer_names(), otherwise=ONE_OF_YOUR_OWN)
    raise UsageError(f"no consumer is called {name!r}", remedy=remedy)


def consumer_names() -> list[str]:
    """The names of all, those of packages last."""
    return list(dict.fromkeys([*CONSUMERS, *installed()]))
