"""The records that a system call implies, as data: numbers per architecture and a rule for each.

Only records that the kernel emits without exception are listed, not those that depend on arguments
that no record shows (such as the address of sendto). Source: kernel/auditsc.c, net/socket.c,
fs/pipe.c, fs/open.c, ipc/mqueue.c, kernel/capability.c as of 6.1 to 6.18. README.md has the rules.
"""

from __future__ import annotations

EXECVE = 1 << 0  # on success: EXECVE records with all arguments
ADDRESS_IN = 1 << 1  # SOCKADDR, if a2 is a usable length and the address was read
ADDRESS_OUT = 1 << 2  # on success: SOCKADDR, if a1 is not NULL
FD_PAIR = 1 << 3  # on success
MMAP = 1 << 4  # on success, if a3 has no MAP_ANONYMOUS
OPENAT2 = 1 << 5  # on success
CAPSET = 1 << 6  # on success
SOCKETCALL = 1 << 7  # on success
MQ_OPEN = 1 << 8  # on success
MQ_SENDRECV = 1 << 9  # on success
HIDDEN_NAME = 1 << 10  # one of the counted names may have no PATH record

X86_64 = 0xC000003E
I386 = 0x40000003
AARCH64 = 0xC00000B7
RISCV64 = 0xC00000F3

_GENERIC = {
    221: EXECVE,
    281: EXECVE,
    200: ADDRESS_IN,
    203: ADDRESS_IN,
    202: ADDRESS_OUT,
    242: ADDRESS_OUT,
    204: ADDRESS_OUT,
    205: ADDRESS_OUT,
    59: FD_PAIR,
    199: FD_PAIR,
    222: MMAP,
    437: OPENAT2,
    91: CAPSET,
    180: MQ_OPEN | HIDDEN_NAME,
    181: HIDDEN_NAME,
    182: MQ_SENDRECV,
    183: MQ_SENDRECV,
}

IMPLIED: dict[int, dict[int, int]] = {
    X86_64: {
        59: EXECVE,
        322: EXECVE,
        42: ADDRESS_IN,
        49: ADDRESS_IN,
        43: ADDRESS_OUT,
        288: ADDRESS_OUT,
        51: ADDRESS_OUT,
        52: ADDRESS_OUT,
        22: FD_PAIR,
        293: FD_PAIR,
        53: FD_PAIR,
        9: MMAP,
        437: OPENAT2,
        126: CAPSET,
        240: MQ_OPEN | HIDDEN_NAME,
        241: HIDDEN_NAME,
        242: MQ_SENDRECV,
        243: MQ_SENDRECV,
    },
    I386: {
        11: EXECVE,
        358: EXECVE,
        362: ADDRESS_IN,
        361: ADDRESS_IN,
        364: ADDRESS_OUT,
        367: ADDRESS_OUT,
        368: ADDRESS_OUT,
        42: FD_PAIR,
        331: FD_PAIR,
        360: FD_PAIR,
        192: MMAP,
        437: OPENAT2,
        185: CAPSET,
        102: SOCKETCALL,
        277: MQ_OPEN | HIDDEN_NAME,
        278: HIDDEN_NAME,
        279: MQ_SENDRECV,
        280: MQ_SENDRECV,
    },
    AARCH64: _GENERIC,
    RISCV64: _GENERIC,
}

ADDRESS_UNREAD_EXITS = (-9, -14, -88, -12)  # EBADF, EFAULT, ENOTSOCK, ENOMEM
ADDRESS_LENGTH_MAX = 128  # sizeof(struct sockaddr_storage)
MAP_ANONYMOUS = 0x20
