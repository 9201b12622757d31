"""Streams without end, made in batches: whole events, and what never ends or never repeats.

A batch is made once. Each turn puts its number wherever the batch says TURN, so that serials,
sessions, system calls and names are new ones in every turn, at the speed of bytes.replace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.records.audit_records import (
    CONFIG_CHANGE,
    EXECVE,
    LOGIN,
    PATH,
    SYSCALL,
    URINGOP,
    USER_MARKER,
    Records,
    datagrams,
    frames,
)

TURN = b"@@@@@@"
AVC = 1400
CALL = (
    "arch=c000003e syscall={call} success=yes exit=0 a0=3 a1=7ffd a2=10 a3=0 items={items} ppid=1 "
    "pid={pid} auid={session} uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) "
    'ses={session} comm="{name}" exe="/usr/bin/{name}" key="{name}"'
)


@dataclass(frozen=True, slots=True)
class Flood:
    """A batch and what it holds."""

    batch: bytes
    events: int
    records: int

    def turn(self, number: int) -> bytes:
        """The batch of that turn."""
        return self.batch.replace(TURN, b"%06d" % number)

    def turns(self) -> Iterator[bytes]:
        """The batches of all turns; serials wrap before turns run out."""
        for number in range(1_000_000):
            yield self.turn(number % 429_000)


def _of(events: list[Records]) -> Flood:
    records = [record for event in events for record in event]
    return Flood(frames(datagrams(records)), len(events), len(records))


def _record(record_type: int, serial: str, body: str) -> tuple[int, bytes]:
    return record_type, f"audit(1700{TURN.decode()}.123:{serial}): {body}".encode()


def _call(call: object = 42, *, items: int = 0, session: str = "7", name: str = "made-up") -> str:
    return CALL.format(call=call, items=items, session=session, name=name, pid=200)


def whole_events(count: int) -> Flood:
    """Connects, executions, commands split over records, messages: all complete."""
    events: list[Records] = []
    for number in range(count):
        serial = f"{TURN.decode()}{number:04d}"
        ends = [_record(1327, serial, "proctitle=41"), _record(1320, serial, "")]
        address = _record(1306, serial, "saddr=02002BCB7F0000010000000000000000")
        cwd = _record(1307, serial, 'cwd="/"')
        path = _record(PATH, serial, 'item=0 name="/bin/x" nametype=NORMAL')
        begin = _record(EXECVE, serial, "argc=2 a0=41 a1_len=8 a1[0]=4142")
        rest = _record(EXECVE, serial, " a1[1]=4344")
        execution = _record(SYSCALL, serial, _call(59, items=1))
        message = _record(USER_MARKER, serial, f"pid=1 uid=0 ses=7 msg='mk:{number}'")
        events.append(
            [
                [_record(SYSCALL, serial, _call()), address, *ends],
                [execution, begin, rest, cwd, path, *ends],
                [_record(SYSCALL, serial, _call()), address, *ends],
                [message],
            ][number % 4]
        )
    return _of(events)


def endless_events(count: int) -> Flood:
    """Events that never end, of ever new sessions, system calls, types and processes."""
    events: list[Records] = []
    for number in range(count):
        new = f"{TURN.decode()}{number:04d}"
        short = f"{TURN.decode()}{number % 100:02d}"
        ring = f"uring_op=18 success=yes items=3 ppid=1 pid=2 ses={new}"
        call = _record(SYSCALL, new, _call(short, items=90, session=new, name=f"n{new}"))
        path = _record(PATH, new, f'item={70 + number % 900} name="/{new}"')
        chunk = _record(EXECVE, new, f" a{new}[0]=41 a{new}[1]=42")
        events.append(
            [
                [call, path, chunk],
                [path, chunk, _record(PATH, new, f'item=64 name="/{new}/2"')],
                [_record(URINGOP, new, ring), path],
                [_record(LOGIN, new, f"pid=9 uid=0 old-auid=4 auid=1 ses={new} res=1")],
                [_record(CONFIG_CHANGE, new, f"op=set auid=1 ses={new} res=1 subj=?")],
                [_record(1300 + number * 6, new, f"ses={new} x={new}")],
                [_record(AVC, new, "avc:  denied  { read }"), call],
                [chunk, _record(EXECVE, new, f" a{new}[2]=43")],
            ][number % 8]
        )
    return _of(events)


def one_endless_event(count: int) -> Flood:
    """A single event that gets ever new chunks of arguments, names and denials."""
    records: Records = []
    for number in range(count):
        new = f"{TURN.decode()}{number:04d}"
        records.append(
            [
                (EXECVE, f"audit(1700000000.123:9):  a1[{new}]=41".encode()),
                (EXECVE, f"audit(1700000000.123:9):  a{new}_len=9 a{new}[0]=41".encode()),
                (PATH, f'audit(1700000000.123:9): item={new} name="/{new}"'.encode()),
                (AVC, b"audit(1700000000.123:9): avc:  denied  { read }"),
            ][number % 4]
        )
    return _of([records])


def log_lines(count: int, *, ever_new: bool) -> Flood:
    """Lines of audit.log, two an event; programs, keys, users, addresses, nodes may be new ones."""
    turn, lines = TURN.decode(), []
    for number in range(count):
        new = f"{turn}{number:04d}"
        name = new if ever_new else f"{number % 50:010d}"
        head = f"msg=audit(1700{turn}.123:{new}): "
        call = _call(number % 400, session=name, name=f"n{name}")
        address = f"saddr=0A00{'0' * 12}{'FD' * 11}{name}00000000"
        lines += [
            f"node=n{name} type=SYSCALL {head}{call}",
            f"node=n{name} type=SOCKADDR {head}{address}",
        ]
    return Flood("".join(line + "\n" for line in lines).encode(), count, len(lines))
