"""Numbers and byte layouts of the audit control protocol. Nothing is sent here.

Source: include/uapi/linux/audit.h and include/uapi/linux/netlink.h; everything is in the
byte order of the host.
"""

from __future__ import annotations

import struct
from typing import Final

# --- netlink -------------------------------------------------------------------------------

NETLINK_AUDIT: Final = 9
SOL_NETLINK: Final = 270
NETLINK_CAP_ACK: Final = 10  # an error answer without a copy of the (large) request

NLM_F_REQUEST: Final = 1
NLM_F_ACK: Final = 4

NLMSG_ERROR: Final = 2
NLMSG_DONE: Final = 3

NLMSGHDR: Final = struct.Struct("=IHHII")  # length, type, flags, sequence, port

# --- request types -------------------------------------------------------------------------

AUDIT_GET: Final = 1000
AUDIT_SET: Final = 1001
AUDIT_ADD_RULE: Final = 1011
AUDIT_DEL_RULE: Final = 1012
AUDIT_LIST_RULES: Final = 1013
AUDIT_SET_FEATURE: Final = 1018
AUDIT_GET_FEATURE: Final = 1019
AUDIT_TRUSTED_APP: Final = 1121  # a user message with free text

REQUEST_NAMES: Final = {
    AUDIT_GET: "AUDIT_GET",
    AUDIT_SET: "AUDIT_SET",
    AUDIT_ADD_RULE: "AUDIT_ADD_RULE",
    AUDIT_DEL_RULE: "AUDIT_DEL_RULE",
    AUDIT_LIST_RULES: "AUDIT_LIST_RULES",
    AUDIT_SET_FEATURE: "AUDIT_SET_FEATURE",
    AUDIT_GET_FEATURE: "AUDIT_GET_FEATURE",
    AUDIT_TRUSTED_APP: "AUDIT_TRUSTED_APP",
}

# --- struct audit_status -------------------------------------------------------------------
# mask, enabled, failure, pid, rate_limit, backlog_limit, lost, backlog, feature_bitmap,
# backlog_wait_time, backlog_wait_time_actual

STATUS: Final = struct.Struct("=11I")
STATUS_MINIMUM_BYTES: Final = 32  # kernels before 3.14 end after `backlog`

STATUS_ENABLED: Final = 0x0001
STATUS_FAILURE: Final = 0x0002
STATUS_PID: Final = 0x0004
STATUS_RATE_LIMIT: Final = 0x0008
STATUS_BACKLOG_LIMIT: Final = 0x0010
STATUS_BACKLOG_WAIT_TIME: Final = 0x0020

# By the name of a settable field: its bit in `mask` and its place among the eleven words.
STATUS_FIELDS: Final = {
    "enabled": (STATUS_ENABLED, 1),
    "failure": (STATUS_FAILURE, 2),
    "pid": (STATUS_PID, 3),
    "rate_limit": (STATUS_RATE_LIMIT, 4),
    "backlog_limit": (STATUS_BACKLOG_LIMIT, 5),
    "backlog_wait_time": (STATUS_BACKLOG_WAIT_TIME, 9),
}

ENABLED_LOCKED: Final = 2
FAILURE_PANIC: Final = 2


# --- struct audit_features -----------------------------------------------------------------

FEATURES: Final = struct.Struct("=4I")  # vers, mask, features, lock
FEATURES_VERSION: Final = 1
FEATURE_NAMES: Final = {0x1: "only_unset_loginuid", 0x2: "loginuid_immutable"}

# --- struct audit_rule_data ----------------------------------------------------------------
# Rules are opaque here except for the first word (list number and the prepend flag) and the
# strings after the fixed part.

RULE_FIXED_BYTES: Final = 1040
RULE_FILTER_PREPEND: Final = 0x10
RULE_LIST_NAMES: Final = {
    0: "user",
    1: "task",
    4: "exit",
    5: "exclude",
    6: "filesystem",
    7: "io_uring",
}

_WORD = struct.Struct("=I")


def status_payload(field: str, value: int) -> bytes:
    """The payload of an AUDIT_SET that sets exactly one field.

    One bit per message: the kernel applies several in its own order and stops at the first
    error with the earlier ones in force.
    """
    bit, place = STATUS_FIELDS[field]
    words = [0] * 11
    words[0] = bit
    words[place] = value
    return STATUS.pack(*words)


def rule_list(payload: bytes) -> int:
    """The number of the filter list a rule payload is for."""
    return int(_WORD.unpack_from(payload)[0]) & ~RULE_FILTER_PREPEND


def rule_is_prepended(payload: bytes) -> bool:
    """Whether the rule payload asks for the head of its list."""
    return bool(_WORD.unpack_from(payload)[0] & RULE_FILTER_PREPEND)


def with_prepend(payload: bytes, prepend: bool) -> bytes:
    """The rule payload with the prepend flag set or cleared.

    A listed rule never has it, and a rule to delete must not have it.
    """
    flag = RULE_FILTER_PREPEND if prepend else 0
    return _WORD.pack(rule_list(payload) | flag) + payload[_WORD.size :]
