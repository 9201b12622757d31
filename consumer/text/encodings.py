"""The fields that are printed as "literal" or as hex, because a user chose their values.

Some names differ in meaning between records (`dev` is a name in an AVC, and two numbers in a PATH),
so the fields are listed by record type. `old` and `new` of CONFIG_CHANGE are paths only if rules
are made equivalent, which render.py detects.

Sources: the callers of audit_log_untrustedstring(), audit_log_n_untrustedstring(),
audit_log_d_path(), audit_log_n_hex() and aa_label_xaudit() in Linux 6.12 to 6.18 (kernel/audit*.c,
drivers/tty/tty_audit.c, security/); for messages of programs lib/audit_logging.c and
auparse/typetab.h of audit-userspace and the callers of audit_encode_nv_string() in OpenSSH,
shadow, libvirt, rpm, NetworkManager, cryptsetup, libreswan, policycoreutils and usbguard.
"""

from __future__ import annotations

from functools import cache


def _words(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


# audit_log_task_info(), audit_log_d_path_exe(), audit_log_name(), audit_log_key() and their like.
_EVERYWHERE = _words("comm exe cwd name path dir key ocomm")
# dump_common_audit_data() of security/lsm_audit.c, which all security modules use.
_LSM = _words("dev key_desc kmod")
_SELINUX = _words("invalid_context srawcon trawcon")
_SMACK = _words("subject object")
_APPARMOR = _words(
    "profile namespace label peer target tcontext srcname fstype trans options ns capname "
    "addr peer_addr"
)
_INTEGRITY = _words("dev file xattr")
# Messages of programs: what libaudit itself writes, then what others encode.
_PROGRAMS = _words(
    "acct cmd data grp new_group device cgroup vm old-disk new-disk old-fs new-fs old-net new-net "
    "old-rng new-rng old-chardev new-chardev sw root_dir key_id conn-name sglob tglob interface "
    "arg args port_name device.rule file watch invalid_context"
)

_BY_TYPE: dict[int, frozenset[bytes]] = {
    1124: _words("msg"),  # USER_TTY of old kernels
    1319: _words("data"),  # TTY
    1400: _LSM | _SELINUX | _SMACK | _APPARMOR,
    1401: _SELINUX,  # SELINUX_ERR
    1420: _LSM,  # IPE_ACCESS
    1423: _LSM,  # LANDLOCK_ACCESS
    **dict.fromkeys(range(1500, 1508), _LSM | _APPARMOR),
    **dict.fromkeys(range(1800, 1808), _INTEGRITY),
}


def is_message(record_type: int) -> bool:
    """Whether programs write records of this type."""
    return record_type == 1005 or 1100 <= record_type <= 1299 or 2100 <= record_type <= 2999


@cache
def encoded_fields(record_type: int) -> frozenset[bytes]:
    """The fields of a record type whose values may be hex."""
    fields = _EVERYWHERE | _BY_TYPE.get(record_type, frozenset())
    if record_type == 1400:
        fields -= {b"key"}  # of System V IPC, a number, in an AVC of old kernels
    return fields | _PROGRAMS if is_message(record_type) else fields
