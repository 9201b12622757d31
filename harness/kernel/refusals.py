"""What the kernel's error numbers mean for audit, each with the remedy.

Source: kernel/audit.c, kernel/auditfilter.c; the same number means different things for
different requests.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from harness.kernel import messages

_NO_AUDIT: Final = (
    "this kernel has no audit: it was built without CONFIG_AUDIT or booted with audit=0",
    "boot without audit=0, or use a kernel with audit",
)
_OVERRUN: Final = (
    "answers of the kernel's audit were dropped because this process did not read in time",
    "try again when the host is less busy",
)
_NOT_INITIAL: Final = (
    "the kernel's audit does not answer this user namespace",
    "run on the host itself, not in a container or a user namespace",
)
_LOCKED: Final = (
    "the kernel's audit is locked (enabled 2)",
    "only a reboot unlocks it; remove `-e 2` from the host's audit rules first",
)

_WHAT: Final = {
    messages.AUDIT_GET: "report the audit status",
    messages.AUDIT_SET: "change the audit status",
    messages.AUDIT_ADD_RULE: "add a rule",
    messages.AUDIT_DEL_RULE: "delete a rule",
    messages.AUDIT_LIST_RULES: "list the rules",
    messages.AUDIT_SET_FEATURE: "change an audit feature",
    messages.AUDIT_GET_FEATURE: "report the audit features",
    messages.AUDIT_TRUSTED_APP: "take a user message",
}

# (request, errno): what is wrong, remedy. None stands for any request.
_MEANINGS: Final[dict[tuple[int | None, int], tuple[str, str]]] = {
    (None, errno.ECONNREFUSED): _NOT_INITIAL,
    (None, errno.ENOMEM): ("the kernel has no memory for it", "free memory and try again"),
    (None, errno.EINVAL): (
        "the kernel does not know the request or a value in it (EINVAL)",
        "the kernel may be too old for it",
    ),
    (None, errno.EOPNOTSUPP): ("this kernel does not support it", "use a newer kernel"),
    (messages.AUDIT_SET, errno.EEXIST): (
        "a live audit daemon is registered already",
        "stop it first (auditd: `service auditd stop`), or use --borrow",
    ),
    (messages.AUDIT_SET, errno.EACCES): (
        "only the registered audit daemon may unregister itself",
        "stop that daemon first",
    ),
    (messages.AUDIT_SET, errno.EINVAL): (
        "the value is out of the kernel's range (EINVAL)",
        "enabled and failure are 0 or 1, backlog_wait_time is at most 600 s in jiffies",
    ),
    (messages.AUDIT_ADD_RULE, errno.EEXIST): (
        "the kernel holds the same rule already",
        "remove the second copy of the rule",
    ),
    (messages.AUDIT_ADD_RULE, errno.EINVAL): (
        "a list, action, field, operator or value of the rule is unknown to this kernel, or"
        " not allowed together (EINVAL)",
        "compare the rule with auditctl(8); the kernel may be too old for a field",
    ),
    (messages.AUDIT_ADD_RULE, errno.ENOENT): (
        "a path in the rule does not exist",
        "create the directory, or remove the rule",
    ),
    (messages.AUDIT_ADD_RULE, errno.ENOTDIR): (
        "a path in the rule goes through something that is not a directory",
        "correct the path",
    ),
    (messages.AUDIT_ADD_RULE, errno.ENAMETOOLONG): (
        "a path in the rule is too long",
        "shorten the path",
    ),
    (messages.AUDIT_DEL_RULE, errno.ENOENT): (
        "the kernel holds no such rule",
        "somebody else changed the rules meanwhile",
    ),
}


def explain_socket_error(error: OSError) -> tuple[str, str]:
    """What is wrong and the remedy when a call on the control socket itself failed."""
    if error.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
        return _NO_AUDIT
    if error.errno == errno.ENOBUFS:
        return _OVERRUN
    if error.errno == errno.ECONNREFUSED:
        return _NOT_INITIAL
    if error.errno in (errno.EPERM, errno.EACCES):
        return (
            "this process may not open the kernel's audit socket",
            "run as root, outside of containers and sandboxes",
        )
    if error.errno == errno.EMSGSIZE:
        return "the audit request is larger than a socket can send", "shorten the rule"
    return f"the audit socket failed: {error.strerror or error}", "try again"


def explain_refusal(kind: int, number: int, *, locked: bool = False) -> tuple[str, str]:
    """What is wrong and the remedy when the kernel answered request `kind` with an errno.

    `locked` means that the host is known to be locked, which the kernel answers with EPERM
    just as it does missing privilege.
    """
    action = _WHAT.get(kind, f"answer request {kind}")
    if number == errno.EPERM:
        why, remedy = _LOCKED if locked else _no_privilege(kind)
    else:
        why, remedy = _MEANINGS.get((kind, number)) or _MEANINGS.get(
            (None, number), (f"{os.strerror(number)} (errno {number})", "see auditctl(8)")
        )
    return f"the kernel refused to {action}: {why}", remedy


def _no_privilege(kind: int) -> tuple[str, str]:
    capability = "WRITE" if kind == messages.AUDIT_TRUSTED_APP else "CONTROL"
    if os.geteuid() != 0:
        return f"it needs root (CAP_AUDIT_{capability})", "run it with sudo"
    if kind == messages.AUDIT_SET_FEATURE:
        return "the feature is locked, or privilege is missing", "only a reboot unlocks a feature"
    return (
        f"CAP_AUDIT_{capability} is missing, or this is not the initial pid namespace",
        "run on the host itself, not in a container",
    )
