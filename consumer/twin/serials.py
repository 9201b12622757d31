"""The pure-Python twin of the serials seen: all of them are kept."""

from __future__ import annotations

SERIAL_WINDOW = 1 << 20


def distance_between(highest: int, serial: int) -> int:
    """The distance of a serial ahead of another, in 32 bits that wrap."""
    return (serial - highest + (1 << 31)) % (1 << 32) - (1 << 31)


class Serials:
    """The serials seen, converted to positions that do not wrap."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.highest = 0
        self.anchored: int | None = None

    def anchor(self, serial: int) -> bool:
        """Count from that serial on, once; False if that was done or the serial is too old."""
        distance = distance_between(self.highest, serial)
        if self.anchored is not None or not -SERIAL_WINDOW < distance <= 0:
            return False
        self.anchored = self.highest + distance
        self.seen = {seen for seen in self.seen if seen >= self.anchored}
        return True

    def see(self, serial: int) -> None:
        """Count a serial, unless it is too far behind the highest."""
        if not self.seen:
            self.highest = serial
        distance = distance_between(self.highest, serial)
        if self.anchored is not None and self.highest + distance < self.anchored:
            return
        if distance > -SERIAL_WINDOW:
            self.seen.add(self.highest + distance)
            self.highest = max(self.highest, self.highest + distance)

    def counters(self) -> dict[str, int | None]:
        """`serials` of the result document."""
        if not self.seen:
            return {"first": None, "last": None, "distinct": 0, "gaps": 0}
        first, last = min(self.seen), max(self.seen)
        gaps = last - first + 1 - len(self.seen)
        return {
            "first": first % (1 << 32),
            "last": last % (1 << 32),
            "distinct": len(self.seen),
            "gaps": gaps,
        }
