"""Writing to files that security rules watch by name, and starting programs that change accounts.

A guest has each of them: files are empty, programs end at once.
"""

from __future__ import annotations

import os
from typing import Final

from harness.guest.operations.operation import AT_FDCWD, Operation, Place, operation

FILES: Final = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/security/opasswd",
    "/etc/sudoers",
    "/etc/sudoers.d/local",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/ld.so.preload",
    "/etc/crontab",
    "/etc/pam.d/common-auth",
    "/etc/ssh/sshd_config",
    "/etc/audit/auditd.conf",
    "/etc/systemd/system/local.service",
    "/root/.ssh/authorized_keys",
    "/var/log/audit/audit.log",
    "/var/log/lastlog",
)
PROGRAMS: Final = ("/usr/bin/sudo", "/usr/bin/passwd", "/usr/sbin/useradd", "/usr/bin/mount")


def _writing(path: str) -> Operation:
    def prepare(place: Place) -> tuple[int, ...]:
        return AT_FDCWD, place.text(path), os.O_WRONLY | os.O_APPEND, 0

    return operation(f"openat to write {path}", prepare, ring=True)


def _starting(path: str) -> Operation:
    def prepare(place: Place) -> tuple[int, ...]:
        return place.text(path), place.words((place.text(path), 0)), place.words((0,))

    return operation(f"execve of {path}", prepare)


OPERATIONS = (*map(_writing, FILES), *map(_starting, PROGRAMS))
