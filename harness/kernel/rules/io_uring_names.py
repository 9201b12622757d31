"""The io_uring operations that the kernel audits, by the names audit's user space gives them.

All that audit-userspace 4.2 knows, so that a rule means the same with every libaudit: older ones
know fewer, and one before 3.1 or built without io_uring none. Operations that the kernel does not
audit (`audit_skip` in `io_uring/opdef.c`) have no name here.
Numbers are `enum io_uring_op` of `include/uapi/linux/io_uring.h`, which is fixed for good.
"""

from __future__ import annotations

IO_URING_OPERATIONS = {
    "sendmsg": 9,
    "recvmsg": 10,
    "accept": 13,
    "connect": 16,
    "fallocate": 17,
    "openat": 18,
    "close": 19,
    "openat2": 28,
    "shutdown": 34,
    "renameat": 35,
    "unlinkat": 36,
    "mkdirat": 37,
    "symlinkat": 38,
    "linkat": 39,
    "msg_ring": 40,
    "fsetxattr": 41,
    "setxattr": 42,
    "fgetxattr": 43,
    "getxattr": 44,
    "uring_cmd": 46,
    "sendmsg_zc": 48,
    "waitid": 50,
    "futex_wait": 51,
    "futex_wake": 52,
    "futex_waitv": 53,
    "fixed_fd_install": 54,
    "ftruncate": 55,
    "bind": 56,
    "listen": 57,
    "uring_cmd128": 64,
}
IO_URING_NAMES = {number: name for name, number in IO_URING_OPERATIONS.items()}
