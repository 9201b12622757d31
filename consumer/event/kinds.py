"""The meaning of a record's type for its event: once per event, within a system call, or alone.

Pure data, shared by the assembler and its twin. Source: kernel/auditsc.c and kernel/audit.c; a
type counts as `within` where the kernel emits it from audit_log_exit() only.
"""

from __future__ import annotations

SYSCALL = 1 << 0
EXECVE = 1 << 17
PATH = 1 << 18
AUXILIARY = 1 << 19
URINGOP = 1 << 20
LOGIN = 1 << 21
ALONE = 1 << 22
USER = 1 << 23
CONTEXTS = 1 << 24

ONCE_PER_EVENT = (
    1300,  # SYSCALL
    1320,  # EOE
    1327,  # PROCTITLE
    1307,  # CWD
    1306,  # SOCKADDR
    1317,  # FD_PAIR
    1323,  # MMAP
    1337,  # OPENAT2
    1322,  # CAPSET
    1304,  # SOCKETCALL
    1312,  # MQ_OPEN
    1313,  # MQ_SENDRECV
    1314,  # MQ_NOTIFY
    1315,  # MQ_GETSETATTR
    1303,  # IPC
    1311,  # IPC_SET_PERM
    1330,  # KERN_MODULE
)

KINDS: dict[int, int] = {record_type: 1 << bit for bit, record_type in enumerate(ONCE_PER_EVENT)}
KINDS |= {
    1309: EXECVE,
    1302: PATH,
    1318: AUXILIARY,  # OBJ_PID
    1321: AUXILIARY,  # BPRM_FCAPS
    1332: AUXILIARY,  # TIME_INJOFFSET
    1333: AUXILIARY,  # TIME_ADJNTPVAL
    1336: URINGOP,
    1006: LOGIN,
    1425: CONTEXTS,  # MAC_TASK_CONTEXTS
    1426: CONTEXTS,  # MAC_OBJ_CONTEXTS
    1005: USER,
    2000: USER,  # KERNEL: a message at boot, always alone
}

# Types whose absence a rule can explain; the assembler then expects none.
EXCLUDABLE = frozenset(ONCE_PER_EVENT) | {1309, 1302}


def kind_of(record_type: int) -> int:
    """The kind of a record type, as one bit; unknown types may be alone in their event."""
    if record_type in KINDS:
        return KINDS[record_type]
    if 1100 <= record_type <= 1299 or 2100 <= record_type <= 2999:
        return USER
    return ALONE
