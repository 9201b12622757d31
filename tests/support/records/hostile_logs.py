"""Made-up logs as they may be in the field: every kind of record, torn, mixed up, out of order."""

from __future__ import annotations

import random
import re

from consumer.text.names import type_name
from tests.support.records.audit_logs import recorded

Event = list[tuple[int, bytes]]

# Records that the golden capture lacks.
MESSAGES: list[tuple[int, bytes]] = [
    (
        1112,
        b'pid=1 uid=0 auid=1000 ses=1 subj=x msg=\'op=login acct="root" '
        b'exe="/usr/sbin/sshd" hostname=? addr=10.0.0.7 terminal=ssh res=success\'',
    ),
    (
        1105,
        b"pid=1 uid=0 auid=1000 ses=1 msg='op=PAM:session_open grantors=pam_unix "
        b'acct="u ser" exe="/usr/bin/su" hostname=h.example addr=? '
        b"terminal=/dev/pts/0 res=failed'",
    ),
    (
        1123,
        b'pid=1 uid=0 auid=4294967295 ses=1 msg=\'cwd="/" cmd=6C73202D6C '
        b"exe=/usr/bin/sudo terminal=pts/0 res=success'",
    ),
    (
        1130,
        b'pid=1 uid=0 auid=4294967295 ses=4294967295 msg=\'unit=cron comm="systemd" '
        b'exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success\'',
    ),
    (
        1107,
        b"pid=1 uid=0 auid=4294967295 ses=2 msg='avc:  denied  { send_msg } for "
        b'msgtype=x scontext=a tcontext=b tclass=dbus exe="/usr/bin/dbus" sauid=81 '
        b"hostname=? addr=? terminal=?'",
    ),
    (
        1400,
        b'avc:  denied  { read } for  pid=9 comm="cat" name="x" dev="vda" ino=3 '
        b"scontext=a:b tcontext=c:d tclass=file permissive=0",
    ),
    (
        1400,
        b'apparmor="DENIED" operation="open" profile="/usr/bin/x" name="/etc/y" '
        b'pid=7 comm="x" requested_mask="r"',
    ),
    (
        1326,
        b'auid=1000 uid=0 gid=0 ses=1 pid=77 comm="seccomp" exe="/usr/bin/s" sig=31 '
        b"arch=c000003e syscall=101 compat=0 ip=0x7f code=0x0",
    ),
    (
        1701,
        b'auid=1000 uid=0 gid=0 ses=1 pid=77 comm="crash" exe="/usr/bin/crash" sig=11 res=1',
    ),
    (1700, b"dev=eth0 prom=256 old_prom=0 auid=1000 uid=0 gid=0 ses=1"),
    (1325, b'table=filter family=2 entries=4 op=xt_replace pid=99 comm="iptables"'),
    (
        1335,
        b'pid=5 uid=0 auid=4294967295 tty=(none) ses=4294967295 comm="listen" '
        b'exe="/usr/bin/listen" nl-mcgrp=1 op=connect res=1',
    ),
    (1319, b'pid=5 uid=0 auid=1000 ses=3 major=136 minor=0 comm="bash" data=6C730D'),
    (1805, b'pid=5 uid=0 auid=1000 ses=3 op=x cause=y comm="ima" name="/x" res=1'),
    (1305, b'auid=1000 ses=1 op=add_rule key="mine" list=4 res=1'),
    (1305, b"op=set audit_enabled=1 old=0 res=1"),
    (1403, b"policy loaded auid=1000 ses=1"),
    (1200, b"op=start ver=3 format=raw kernel=6 auid=0 pid=4 uid=0 ses=1 res=success"),
    (1206, b"op=resume pid=4 res=success"),
    (1207, b"addr=10.1.1.1:99 port=4 res=success"),
    (
        1006,
        b"pid=3 uid=0 old-auid=4294967295 auid=77 tty=(none) old-ses=4294967295 ses=9 res=1",
    ),
    (
        1328,
        b" ppid=1 pid=8 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 "
        b'fsgid=0 tty=pts0 ses=1 comm="x" exe="/x" feature=a old=0 new=1 res=1',
    ),
    (1111, b"pid=1 uid=0 auid=1000 ses=1 msg='op=test res=1'"),
    (1111, b"pid=1 uid=0 auid=1000 ses=1 msg=test result=ok"),
    (1324, b"mark=0 saddr=1.2.3.4 daddr=5.6.7.8 proto=6"),
    (
        2101,
        b"pid=1 uid=0 auid=1000 ses=1 msg='acct=root exe=4242 hostname=a,addr=b, "
        b"terminal=x res=failed'",
    ),
]


def mutated(chance: random.Random, line: bytes) -> bytes:
    """The line with one thing wrong behind its head, or something else beside it."""
    head = line.find(b"): ") + 3
    if head >= len(line) - 1:
        return line
    at = chance.randrange(head, len(line))
    words = line.rstrip(b"\n").split(b" ")
    one, other = (chance.randrange(2, len(words)) for _ in range(2))
    wrong = bytes([chance.choice(b"\0\"' (=){}\x1dAf0")])
    without = b" ".join(words[:one] + words[one + 1 :]) if one > 2 else b" ".join(words)
    if min(one, other) > 2:
        words[one], words[other] = words[other], words[one]
    return chance.choice(
        [
            line[:at] + b"\n",
            line[:at] + wrong + line[at + 1 :].rstrip(b"\n") + b"\n",
            line[:at] + line[at + chance.randrange(1, 20) :].lstrip(b"\n").rstrip(b"\n") + b"\n",
            without + b"\n",
            b" ".join(words) + b"\n",
            line.rstrip(b"\n") + b'\x1dAUID="root" exe="/forged" SYSCALL=execve\n',
            line + line,
            b"",
            b"node=host%d " % chance.randrange(3) + line,
            b"garbage\n" + line,
            b"\n" + line,
            b"\0\0\0\0" + line,
            b"type=\n" + line,
            b"node=x\n" + line,
            line[: chance.randrange(1, 20)] + b"\n" + line,
        ]
    )


def events() -> list[Event]:
    """The recorded events, without those whose lines are longer than aureport's buffer."""
    found: dict[bytes, Event] = {}
    for record_type, text in recorded():
        head, _, body = text.partition(b"): ")
        found.setdefault(head, []).append((record_type, body))
    return [event for event in found.values() if sum(len(body) for _, body in event) < 8000]


# What stands in place of a number.
ODD = (
    b"-1 -2 +5 0x10 1e3 08 - ? unset (null) ffffffffffffffffff 4294967294 4294967296 "
    b"99999999999999999999 18446744073709551615 18446744073709551616 "
    b"-18446744073709551616 000000000000000000000000005"
).split()
ODD += [b"", b'""', b'"5"', b"\t7", b"7\t", b"\x0b9"]
_VALUE = re.compile(
    rb"(?<![\w-])(?:auid|uid|pid|ppid|syscall|arch|exit|a0|a1|a2|items|ses|gid|sig|success|key|comm|"
    rb"exe|saddr|res|id)=([^ ]*)"
)


def odd_log(seed: int, count: int) -> bytes:
    """A log of `count` events of which three in ten records have one odd value."""
    chance = random.Random(seed)
    out = []
    for line in hostile_log(seed, count, 0.0).splitlines(keepends=True):
        found = list(_VALUE.finditer(line.rstrip(b"\n")))
        if not found or chance.random() > 0.3:
            out.append(line)
            continue
        start, end = chance.choice(found).span(1)
        out.append(line[:start] + chance.choice(ODD) + line[end:])
    return b"".join(out)


def hostile_log(seed: int, count: int, damaged_share: float) -> bytes:
    """A log of `count` events; times step back, serials wrap, records come late and mixed."""
    chance = random.Random(seed)
    out: list[bytes] = []
    late: list[list[bytes]] = []
    known = events()
    now_ms, serial = 1_700_000_000_000, chance.choice([0, (1 << 32) - count // 2])
    for _ in range(count):
        now_ms += chance.choice([0, 1, 4, 900, 2500, -3000]) if chance.random() < 0.3 else 1
        serial = (serial + 1) % (1 << 32)
        event = chance.choice(known) if chance.random() < 0.7 else [chance.choice(MESSAGES)]
        head = b"audit(%d.%03d:%d): " % (now_ms // 1000, now_ms % 1000, serial)
        lines = [
            b"type=" + type_name(record_type).encode() + b" msg=" + head + body.rstrip() + b"\n"
            for record_type, body in event
        ]
        lines = [mutated(chance, one) if chance.random() < damaged_share else one for one in lines]
        split = chance.randrange(len(lines) + 1) if chance.random() < 0.3 else len(lines)
        out += lines[:split]
        late.append(lines[split:])
        while late and chance.random() < 0.4:
            out += late.pop(chance.randrange(len(late)))
    return b"".join(out + [one for lines in late for one in lines])
