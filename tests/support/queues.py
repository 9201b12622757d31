"""A small kernel: the queues between an audited call and its consumer, as the ledger sees them.

It drops at the stages that it is told to and keeps the truth. Sizes and times are not modelled:
what is dropped is drawn at random, which is more than a real queue could come up with.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

OWN, FOREIGN = 7, 4294967295


@dataclass
class Queues:
    """Probabilities of a drop at each stage, and what came of it."""

    seed: int
    size: int = 4
    backlog: float = 0.0
    rate: float = 0.0
    multicast: bool = False
    socket: float = 0.0
    burst: int = 1
    straggle: float = 0.0
    """Of events that arrive, how many are overtaken by the markers."""
    everyone: bool = False
    """Whether others' events meet the drops as well; else only the trial's own do."""
    company: float = 0.02
    """Others' events per event of the trial."""
    foreign_hit: int = 0
    """Others' events that lost something, or all."""
    lost: int = 0
    socket_drops: int = 0
    truth: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("complete", "partial", "refused", "vanished"), 0)
    )
    duplicates: int = 0
    received: dict[int, tuple[int, list[int]]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    """Of others' events that arrived, the records that they had."""
    serial: int = 0
    full_for: int = 0
    stragglers: set[int] = field(default_factory=set)
    markers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def event(self, session: int, size: int) -> list[int] | None:
        """One event on its way; the records that arrived, None if its first was refused."""
        hit = session == OWN or self.everyone
        if hit and self._happens(self.backlog):
            self.lost += 1
            self.foreign_hit += session == FOREIGN
            return None
        self.serial += 1
        arrived = []
        for record in range(size):
            if record and hit and self._happens(self.backlog):
                self.lost += 1
            elif self._delivered(hit):
                arrived.append(record)
                self.duplicates += self._happens(0.05)
        self.foreign_hit += session == FOREIGN and len(arrived) < size
        if arrived and session == OWN and self._happens(self.straggle):
            self.stragglers.add(self.serial)
        if arrived:
            self.received[self.serial] = (session, arrived)
            if session == FOREIGN:
                self.sizes[self.serial] = size
        return arrived

    def _delivered(self, hit: bool) -> bool:
        if not hit:
            return True
        if self._happens(self.rate):
            self.lost += 1
            return False
        if not self.full_for and self._happens(self.socket):
            self.full_for = self.chance.randint(1, self.burst)
        if not self.full_for:
            return True
        self.full_for -= 1
        self.socket_drops += 1
        if self.multicast:
            return False
        # The retry queue: sent again (the record is late), overflown and counted, or given up.
        fate = self.chance.choice(("again", "overflow", "given up"))
        self.lost += fate == "overflow"
        return fate == "again"

    def _happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def load(self, operations: int) -> None:
        """The trial: the start marker, one event per operation, events of others between them."""
        self.serial += 1
        self.received[self.serial] = (FOREIGN, [0])
        for _ in range(operations):
            arrived = self.event(OWN, self.size)
            self.truth[self._end(arrived)] += 1
            if self._happens(self.company):
                self.event(FOREIGN, self.chance.randint(1, 6) if self.everyone else 5)

    def _end(self, arrived: list[int] | None) -> str:
        if arrived is None:
            return "refused"
        if not arrived:
            return "vanished"
        return "complete" if len(arrived) == self.size else "partial"

    def drain(self) -> int:
        """Markers until two came; how many were sent. They meet all that drops but a backlog."""
        sent = 0
        while len(self.markers) < 2:
            sent += 1
            self.serial += 1
            if sent > 50 or self._delivered(True):
                self.received[self.serial] = (FOREIGN, [0])
                self.markers.append(sent)
        return sent

    def consumer_document(self) -> dict[str, Any]:
        """What the consumer would report. Record 0 is the one that names the session."""
        groups: dict[str, dict[str, Any]] = {}
        unnamed = 0
        for serial, (session, records) in self.received.items():
            if 0 not in records:
                unnamed += 1
                continue
            group = groups.setdefault(
                str(session),
                {
                    **dict.fromkeys(("events", "records", "missing_records", "after_marker"), 0),
                    "by_syscall": {},
                },
            )
            group["events"] += 1
            group["records"] += len(records)
            group["after_marker"] += serial in self.stragglers
            if session == OWN:
                _count(group, len(records), self.size)
            elif serial in self.sizes:
                group["missing_records"] += self.sizes[serial] - len(records)
        records = sum(len(records) for _, records in self.received.values())
        serials = self.received.keys()
        return {
            "mode": "multicast" if self.multicast else "unicast",
            "records": records + self.duplicates,
            "truncated": 0,
            "malformed": 0,
            "enobufs": 0,
            "socket_drops": self.socket_drops,
            "events": {
                "complete": len(self.received) - unnamed,
                "partial": unnamed,
                "duplicate_records": self.duplicates,
                "late_records": 0,
            },
            "serials": {"gaps": max(serials) - min(serials) + 1 - len(serials)},
            "markers": self.markers,
            "sessions": groups,
            "tree": None,
        }


def _count(group: dict[str, Any], records: int, size: int) -> None:
    group["missing_records"] += size - records
    call = group["by_syscall"].setdefault("42", {"complete": 0, "partial": 0, "records": 0})
    call["complete" if records == size else "partial"] += 1
    call["records"] += records
