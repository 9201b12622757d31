"""Made-up audit records in the kernel's formats, for tests of the consumer."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SYSCALL, PATH, SOCKADDR, CWD, EXECVE = 1300, 1302, 1306, 1307, 1309
EOE, PROCTITLE, URINGOP, LOGIN, CONFIG_CHANGE = 1320, 1327, 1336, 1006, 1305
USER_MARKER = 1111
X86_64 = "c000003e"
STAMP_MS = 1_700_000_000_123

Records = list[tuple[int, bytes]]


def head(serial: int, stamp_ms: int = STAMP_MS) -> str:
    """The head of a record's text."""
    return f"audit({stamp_ms // 1000}.{stamp_ms % 1000:03d}:{serial}): "


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the records of one event."""

    serial: int
    stamp_ms: int = STAMP_MS
    session: int = 7
    pid: int = 200
    ppid: int = 100

    def record(self, record_type: int, body: str) -> tuple[int, bytes]:
        """One record of this event."""
        return record_type, (head(self.serial, self.stamp_ms) + body).encode("latin-1")

    def syscall(
        self,
        number: int,
        *,
        result: int | None = 0,
        items: int = 0,
        arguments: tuple[int, int, int, int] = (3, 0x7FFD1000, 16, 0),
        arch: str = X86_64,
        personality: str = "",
        subject: str = "",
    ) -> tuple[int, bytes]:
        """A SYSCALL record; `result` None is a task that died in the call."""
        outcome = ""
        if result is not None:
            outcome = f" success={'no' if result < 0 else 'yes'} exit={result}"
        a0, a1, a2, a3 = arguments
        return self.record(
            SYSCALL,
            f"arch={arch} syscall={number}{personality}{outcome} a0={a0:x} a1={a1:x} a2={a2:x} "
            f"a3={a3:x} items={items} ppid={self.ppid} pid={self.pid} auid=1000 uid=0 gid=0 euid=0 "
            "suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) "
            f'ses={self.session} comm="made-up" exe="/usr/bin/made-up"{subject} key="test"',
        )

    def path(self, item: int, *, obj: str = "") -> tuple[int, bytes]:
        """A PATH record."""
        return self.record(
            PATH,
            f'item={item} name="/usr/bin/{item}" inode=42 dev=fe:00 mode=0100755 ouid=0 ogid=0 '
            f"rdev=00:00{obj} nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0",
        )

    def address(self) -> tuple[int, bytes]:
        """A SOCKADDR record: 127.0.0.1:11211."""
        return self.record(SOCKADDR, "saddr=02002BCB7F0000010000000000000000")

    def closing(self) -> Records:
        """PROCTITLE and EOE."""
        return [self.record(PROCTITLE, "proctitle=6D6164650075700A"), self.record(EOE, "")]

    def connect(self, **syscall: object) -> Records:
        """The four records of a connect."""
        return [self.syscall(42, **syscall), self.address(), *self.closing()]  # type: ignore[arg-type]

    def execve(self, commands: list[str] | None = None, *, items: int = 2) -> Records:
        """The records of an execve; `commands` are the bodies of its EXECVE records."""
        commands = ['argc=3 a0="/bin/sh" a1="-c" a2=3A203A'] if commands is None else commands
        return [
            self.syscall(59, items=items),
            *(self.record(EXECVE, body) for body in commands),
            self.record(CWD, 'cwd="/root"'),
            *(self.path(item) for item in range(items)),
            *self.closing(),
        ]

    def user_message(self, text: str, record_type: int = USER_MARKER) -> tuple[int, bytes]:
        """A message of a program."""
        return self.record(
            record_type, f"pid={self.pid} uid=0 auid=1000 ses={self.session} msg='{text}'"
        )


def datagram(record_type: int, text: bytes) -> bytes:
    """A datagram as the registered daemon gets it: nlmsg_len leaves out the header."""
    return struct.pack("=IHHII", len(text), record_type, 0, 0, 0) + text


def datagrams(records: Records) -> list[bytes]:
    """One datagram per record."""
    return [datagram(record_type, text) for record_type, text in records]


def frames(datagrams: list[bytes]) -> bytes:
    """Datagrams as a capture file holds them."""
    return b"".join(struct.pack("<IQ", len(one), 0) + one for one in datagrams)


def split_command(arguments: list[str], *, budget: int) -> list[str]:
    """EXECVE bodies for these arguments, split as the kernel splits them, but after fewer bytes.

    Source: kernel/auditsc.c, audit_log_execve_info(); there the budget is 7500.
    """
    bodies = [f"argc={len(arguments)}"]
    left = budget
    for index, argument in enumerate(arguments):
        plain = all(0x21 <= ord(char) <= 0x7E and char != '"' for char in argument)
        text = argument if plain else argument.encode("latin-1").hex().upper()
        if len(text) + 16 <= left:
            bodies[-1] += f' a{index}="{text}"' if plain else f" a{index}={text}"
            left -= len(text) + 8
            continue
        bodies[-1] += f" a{index}_len={len(text)}"
        step = max(2, budget // 2 - budget // 2 % 2)
        for chunk, start in enumerate(range(0, max(1, len(text)), step)):
            part = text[start : start + step]
            if chunk:
                bodies.append("")
            bodies[-1] += f' a{index}[{chunk}]="{part}"' if plain else f" a{index}[{chunk}]={part}"
        left = budget
    return bodies
