"""Streams of made-up records in which everything happens that happens to records."""

from __future__ import annotations

from random import Random

from consumer.twin.decode import MAX_TEXT
from tests.support.records.audit_records import (
    CONFIG_CHANGE,
    EXECVE,
    LOGIN,
    PATH,
    STAMP_MS,
    SYSCALL,
    URINGOP,
    Maker,
    Records,
    datagram,
    datagrams,
    head,
    split_command,
)

# What a program may write into the log to be taken for something else.
FORGED = (
    "mk:17 type=SYSCALL a='b' ses=9",
    "x mk:mk:5 msg='mk:6' ses=8 pid=303",
    "\ntype=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=59",
    "' ses=1 auid=0 subj=? obj=?",
    '" key="a" \0 items=9 \x1dAUID="root"',
    "mk:99999999999999999999",
    "mk:0",
    "audit(1700000000.123:7): ",
)


def made_up_event(chance: Random, maker: Maker) -> Records:
    """A complete event of a random sort."""
    sort = chance.randrange(11)
    if sort == 0:
        return maker.connect(result=chance.choice([0, -111, -9]))
    if sort == 1:
        words = ["w" * chance.randrange(40) + chance.choice(["", " "]) for _ in range(12)]
        return maker.execve(split_command(words, budget=60), items=chance.choice([1, 2, 3]))
    if sort == 2:
        return [maker.user_message(chance.choice(FORGED), chance.choice([1111, 1112, 2100, 1005]))]
    if sort == 3:
        login = maker.record(LOGIN, f"pid=9 uid=0 old-auid=4 auid=1 ses={maker.session} res=1")
        return [login, maker.syscall(1), *maker.closing()]
    if sort == 4:
        changed = f"auid=4294967295 ses={maker.session}op=updated_rules path=(null) list=4 res=1"
        closing = maker.closing() if chance.random() < 0.5 else []
        return [maker.record(CONFIG_CHANGE, changed), *closing]
    if sort == 5:
        return rings(chance, maker)
    if sort == 6:
        return long_records(chance, maker)
    if sort == 7:
        return contexts_of_others(chance, maker)
    return system_call(chance, maker)


def system_call(chance: Random, maker: Maker) -> Records:
    """A call with whatever may come with one, in and out of place."""
    result = chance.choice([0, 0, 0, 5, -2, -9, -14, -22, -88, -115, 1 << 47, -1 << 63, None])
    subject = chance.choice(["", "", " subj=unconfined", " subj=/x (enforce)", " subj=?"])
    arch, personality = chance.choice([("c000003e", ""), ("40000003", " per=8"), ("c00000b7", "")])
    items = chance.choice([0, 1, 2, 3, 70])
    number = chance.choice([2, 9, 22, 42, 43, 49, 51, 59, 102, 126, 203, 221, 240, 437, 999])
    arguments = (
        chance.randrange(9),
        chance.choice([0, 0x7FFD]),
        chance.choice([0, 2, 16, 128, 129, 0xFFFFFFFFFFFFFFFF]),
        chance.choice([0x22, 2, 0]),
    )
    syscall = maker.syscall(
        number,
        result=result,
        items=items,
        arguments=arguments,
        arch=arch,
        personality=personality,
        subject=subject,
    )
    contexts = [maker.record(1425, "subj_selinux=a subj_apparmor=b")] if "?" in subject else []
    parts = []
    for item in range(items):
        obj = chance.choice(["", " obj=?"])
        parts.append(maker.path(item, obj=obj))
        if obj and chance.random() < 0.9:
            parts.append(maker.record(1426, "obj_selinux=a obj_apparmor=b"))
    extra = [maker.record(t, "") for t in (1317, 1322, 1323, 1337, 1306, 1321, 1318, 1400)]
    cwd = [maker.record(1307, 'cwd="/"')] if items else []
    return [syscall, *contexts, *chance.sample(extra, 3), *cwd, *parts, *maker.closing()]


def rings(chance: Random, maker: Maker) -> Records:
    """Operations of an io_uring: by a worker, or several within one call."""
    items = chance.choice([0, 1, 2])
    subject = chance.choice(["", " subj=?"])
    body = f"uring_op=18 success=yes exit=0 items={items} ppid=1 pid=2 uid=0{subject} key=(null)"
    operations = [maker.record(URINGOP, body)] * chance.choice([1, 1, 3])
    contexts = [maker.record(1425, "subj_selinux=a")] * (len(operations) if subject else 0)
    names = [maker.record(1307, 'cwd="/"'), *map(maker.path, range(items))] if items else []
    title, end = maker.closing()
    if chance.random() < 0.5:
        return [*operations, *contexts, *names, end]
    return [*operations, *contexts, maker.syscall(426, items=items), *names, title, end]


def long_records(chance: Random, maker: Maker) -> Records:
    """Records of 8 KiB as the kernel makes them, and around the 16 KiB that are looked at."""
    edge = MAX_TEXT - len(head(maker.serial, maker.stamp_ms))
    fill = "F" * chance.choice([7500, 8192, 8970, edge - 40, edge - 8, edge, edge + 1, 20000])
    tail = chance.choice(["", "1", f" ses={maker.session}", ' key="late"', " a1=7A"])
    syscall = maker.syscall(59, items=1)
    return [
        chance.choice([syscall, (SYSCALL, syscall[1].replace(b'"made-up"', fill.encode()))]),
        maker.record(EXECVE, f"argc=2 a0={fill}{tail}"),
        maker.record(EXECVE, f" a1_len=8 a1[0]=4142 a1[1]={fill[:4]}{tail}"),
        maker.record(1307, f"cwd={fill}{tail}"),
        maker.record(PATH, f"item=0 name={fill}{tail}"),
        *maker.closing(),
        maker.user_message(fill + tail),
    ]


def contexts_of_others(chance: Random, maker: Maker) -> Records:
    """Records that stand alone with the contexts of several LSMs in one of their own."""
    record_type = chance.choice([1305, 1326, 1335, 1400, 1423, 1701, 1800, LOGIN])
    body = f"pid=9 uid=0 auid=1 ses={maker.session} subj=? comm=6D65 op=x res=1"
    contexts = maker.record(1425, "subj_selinux=a subj_apparmor=b")
    return [maker.record(record_type, body), *[contexts] * chance.choice([0, 1, 1, 2])]


def damaged(chance: Random, records: Records) -> Records:
    """The records reordered, lost, duplicated and cut."""
    if chance.random() < 0.3:
        chance.shuffle(records)
    elif chance.random() < 0.5:
        reach = chance.choice([3, 10, 40])
        records = [
            record
            for _, record in sorted(
                (index + chance.randrange(reach), record) for index, record in enumerate(records)
            )
        ]
    if chance.random() < 0.5:
        records = [record for record in records if chance.random() > 0.1]
    if chance.random() < 0.5:
        records = [one for record in records for one in [record] * (1 + (chance.random() < 0.1))]
    if chance.random() < 0.3:
        records = [
            (number, text[: chance.randrange(len(text) + 1)] if chance.random() < 0.05 else text)
            for number, text in records
        ]
    return records


def announced(chance: Random, one: bytes) -> bytes:
    """The datagram with another nlmsg_len: the daemon's leaves out the header, the group's not."""
    length = chance.choice([len(one), len(one), 0, 16, 1 << 31])
    return length.to_bytes(4, "little") + one[4:]


def made_up_stream(chance: Random) -> list[bytes]:
    """Datagrams of many events, good and bad."""
    base = chance.choice([1, 1000, 2**32 - 30])
    records: Records = []
    for step in range(chance.choice([5, 60])):
        maker = Maker(
            serial=(base + chance.choice([step, step, step, step * 5, 0])) % 2**32,
            stamp_ms=STAMP_MS + chance.choice([0, 4, step * 4, -step * 1000]),
            session=chance.choice([7, 7, 8, 4294967295]),
            pid=chance.randrange(300, 310),
            ppid=chance.randrange(300, 310),
        )
        records += made_up_event(chance, maker)
    stream = datagrams(damaged(chance, records))
    if chance.random() < 0.5:
        stream = [announced(chance, one) for one in stream]
    controls = [datagram(number, bytes(4)) for number in (2, 1000, 1329)]
    odd = [b"", b"short", b"\2\0" * 20, *controls, datagram(1300, b""), datagram(1111, b"mk:7")]
    for _ in range(chance.choice([0, 3])):
        stream.insert(chance.randrange(len(stream) + 1), chance.choice(odd))
    return stream
