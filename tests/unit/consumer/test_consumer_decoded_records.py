"""Records of every kind as `--follow` shows them: messages, verdicts, encoded fields, names."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from consumer import libaudit
from consumer.text.render import Follower

HEAD = b"audit(1700000000.100:1): "
USER = b"pid=7 uid=0 auid=0 ses=1 "


def decoded(record_type: int, body: bytes) -> dict[str, Any]:
    """The one record of an event."""
    follower = Follower()
    events = [*follower.take(record_type, HEAD + body), *follower.finish()]
    (record,) = events[0]["records"]
    found: dict[str, Any] = record
    return found


def in_message(text: bytes, record_type: int = 1105) -> Any:
    return decoded(record_type, USER + b"msg='" + text + b"'")["msg"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            b'op=a kind=b  exe="/x" res=success',
            {"op": "a", "kind": "b", "exe": "/x", "res": "success"},
        ),
        (b' comm="c" exe="/x"  ', {"comm": "c", "exe": "/x"}),
        (
            b"op=changing password id=0 exe=2F6120622063 res=success",
            {"op": "changing password", "id": 0, "exe": "/a b c", "res": "success"},
        ),
        (b"op=  id=0", {"op": "", "id": 0}),
        (b"op=PAM:session_open grantors=a,b", {"op": "PAM:session_open", "grantors": "a,b"}),
        (b'op="add user" acct="b c" id=4', {"op": "add user", "acct": "b c", "id": 4}),
        (b"op='add user' id=4", {"op": "add user", "id": 4}),
        (b'op="cut off', {"op": '"cut off'}),
        (b"a=1 a=2 a=3 b=4", {"a": ["1", "2", "3"], "b": "4"}),
        (b"device.rule=61 target.new=x", {"device.rule": "a", "target.new": "x"}),
        (
            b'PAM: session open acct="root" : exe="/bin/su" (hostname=h, addr=::1, res=success)',
            {
                "text": "PAM: session open",
                "acct": "root",
                "exe": "/bin/su",
                "hostname": "h",
                "addr": "::1",
                "res": "success",
            },
        ),
        (b"label=x (enforce) n=1", {"label": "x (enforce)", "n": "1"}),
        (b'op="x" and more n=1', {"text": "and more", "op": "x", "n": "1"}),
        (b"addr=fe80:: n=1", {"addr": "fe80::", "n": "1"}),
        (b'acct=bob: exe="/x"', {"acct": "bob", "exe": "/x"}),
        (b"just text", "just text"),
        (b"", ""),
        (b" = == x", "= == x".rjust(7)),
    ],
)
def test_messages(text: bytes, expected: object) -> None:
    assert in_message(text) == expected


def test_a_message_without_quotes() -> None:
    assert decoded(1111, USER + b"msg=test result=ok")["msg"] == "test"
    assert decoded(1124, USER + b"msg=6C73")["msg"] == "ls"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (b"avc:  denied  { read write } for  ", ("denied", ["read", "write"])),
        (b"avc:  granted  { execute } for  ", ("granted", ["execute"])),
        (b"avc: denied { 0x40 } for ", ("denied", ["0x40"])),
        (b"avc:  denied   null for ", ("denied", [])),
        (b"avc:  denied  { } for ", ("denied", [])),
        (b"", (None, None)),
        (b"avc:  denied  { read for ", (None, None)),
    ],
)
def test_verdicts(before: bytes, expected: tuple[object, object]) -> None:
    record = decoded(1400, before + b'pid=7 comm="a" tclass=file permissive=0')
    assert (record.get("seresult"), record.get("seperms")) == expected
    assert (record["pid"], record["comm"], record["tclass"]) == (7, "a", "file")
    message = in_message(before + b"sauid=7 tclass=dbus", 1107)
    assert (message.get("seresult"), message.get("seperms")) == expected
    assert (message["sauid"], message["tclass"]) == (7, "dbus")


def test_other_words_of_selinux_are_kept() -> None:
    found = in_message(b"avc:  received setenforce notice (enforcing=0) exe=? sauid=8", 1107)
    assert found == {
        "text": "avc: received setenforce notice",
        "enforcing": "0",
        "exe": None,
        "sauid": 8,
    }


def test_a_verdict_cannot_be_forged_from_behind() -> None:
    record = decoded(1400, b'apparmor="ALLOWED" info="avc:  denied  { read } for" pid=7')
    assert "seresult" not in record
    assert record["info"] == "avc:  denied  { read } for"


def test_smack() -> None:
    body = b'lsm=SMACK fn=smk action=denied subject="_" object=612062 labels_differ pid=5 comm="a"'
    record = decoded(1400, body)
    assert (record["subject"], record["object"], record["labels_differ"]) == ("_", "a b", True)
    assert (record["action"], record["pid"], record["comm"]) == ("denied", 5, "a")
    record = decoded(1400, body.replace(b"labels_differ", b"requested=rw"))
    assert (record["object"], record["requested"]) == ("a b", "rw")
    assert "labels_differ" not in record


# By record type: the fields that are encoded there, as the callers in the sources name them.
ENCODED = {
    1300: "comm exe key",
    1302: "name",
    1305: "dir path key",
    1307: "cwd",
    1318: "ocomm",
    1319: "comm data",
    1325: "comm",
    1326: "comm exe",
    1328: "comm exe",
    1330: "name",
    1335: "comm exe",
    1400: "comm path name dev ocomm key_desc kmod srawcon trawcon subject object profile namespace "
    "label peer target tcontext srcname fstype trans options ns capname addr peer_addr",
    1401: "invalid_context",
    1402: "path",
    1420: "comm path dev",
    1423: "path dev name comm exe ocomm key_desc kmod",
    1424: "comm exe",
    1503: "profile namespace label peer target name comm path dev",
    1701: "comm exe",
    1702: "comm exe",
    1800: "comm name dev",
    1805: "comm name dev file",
    1806: "xattr",
}
ENCODED_IN_MESSAGES = (
    "acct cmd cwd exe comm grp new_group device vm old-disk new-disk old-fs new-fs old-net new-net "
    "old-rng new-rng old-chardev new-chardev cgroup path sw root_dir key_id conn-name sglob tglob "
    "interface name args device.rule file watch data"
)
FIELDS = [(number, field) for number, fields in ENCODED.items() for field in fields.split()]


@pytest.mark.parametrize(("record_type", "field"), FIELDS)
def test_encoded_fields(record_type: int, field: str) -> None:
    name = field.encode()
    for value, expected in (
        (b"2F6120622063", "/a b c"),
        (b'"/a"', "/a"),
        (b"(null)", None),
        (b"22", '"'),
        (b"FF", "\\xff"),
    ):
        assert decoded(record_type, b"pid=7 " + name + b"=" + value)[field] == expected


@pytest.mark.parametrize("field", ENCODED_IN_MESSAGES.split())
def test_encoded_fields_of_messages(field: str) -> None:
    name = field.encode()
    assert in_message(b"op=x " + name + b"=612062 res=1")[field] == "a b"
    assert in_message(b"op=x " + name + b'="a b" res=1')[field] == "a b"
    assert in_message(b"op=x " + name + b"=abba res=1")[field] == "abba"


@pytest.mark.parametrize(
    ("record_type", "body", "field", "expected"),
    [
        (1302, b"item=0 dev=08", "dev", "08"),
        (1700, b"dev=beef prom=256", "dev", "beef"),
        (1300, b"subj=ABCD", "subj", "ABCD"),
        (1305, b"auid=1 ses=1 op=set audit_enabled=1 old=10 res=1", "old", "10"),
        (1305, b"auid=1 ses=1 op=make_equiv old=2F6120 new=2F62 res=1", "old", "/a "),
        (1305, b"auid=1 ses=1 op=make_equiv old=2F6120 new=2F62 res=1", "new", "/b"),
        (1325, b"table=AB family=2", "table", "AB"),
        (1400, b"avc:  denied  { create } for  key=4142 tclass=sem", "key", "4142"),
        (1400, b"tclass=infiniband_endport device=AB port_num=1", "device", "AB"),
        (1404, b"enforcing=1 old_enforcing=0", "enforcing", "1"),
    ],
)
def test_the_same_name_in_another_record(
    record_type: int, body: bytes, field: str, expected: str
) -> None:
    assert decoded(record_type, body)[field] == expected


def test_seccomp() -> None:
    body = b'auid=0 ses=1 pid=7 comm="a" exe="/x" sig=31 arch=%s syscall=101 compat=0 code=0x0'
    record = decoded(1326, body % b"c000003e")
    names = record["arch_name"], record["syscall_name"], record["sig_name"]
    assert names == ("x86_64", "ptrace", "SIGSYS")
    assert decoded(1326, body % b"c00000b7")["syscall_name"] == "nanosleep"
    assert "sig_name" not in decoded(1326, body % b"c0000008")  # MIPS counts otherwise
    assert "sig_name" not in decoded(1326, (body % b"c000003e").replace(b"=31", b"=0"))


@pytest.mark.parametrize(
    ("arch", "number", "expected"),
    [
        (b"c000003e", 59, ("x86_64", "execve")),
        (b"c00000f3", 258, ("riscv64", "riscv_hwprobe")),
        (b"c00000f3", 259, ("riscv64", "riscv_flush_icache")),
        (b"c00000f3", 38, ("riscv64", None)),
        (b"c00000f3", 221, ("riscv64", "execve")),
        (b"c00000b7", 38, ("aarch64", "renameat")),
        (b"c00000b7", 258, ("aarch64", None)),
        (b"c00000b7", 424, ("aarch64", "pidfd_send_signal")),
        *[(arch, n, (name, None)) for arch, name in ((b"c00000b7", "aarch64"),
          (b"c00000f3", "riscv64")) for n in range(403, 424)],
        (b"40000003", 403, ("i686", "clock_gettime64")),
        (b"c0000102", 221, ("loongarch64", None)),
        (b"12345678", 1, (None, None)),
        (b"no", 1, (None, None)),
    ],
)  # fmt: skip
def test_system_calls(arch: bytes, number: int, expected: tuple[str | None, str | None]) -> None:
    record = decoded(1300, b"arch=%s syscall=%d success=yes exit=0" % (arch, number))
    assert (record.get("arch_name"), record.get("syscall_name")) == expected


@pytest.mark.skipif(libaudit.machine(0xC0000015) < 0, reason="libaudit is not installed")
@pytest.mark.parametrize(
    ("arch", "number", "expected"),
    [
        (b"c0000015", 11, ("ppc64le", "execve")),
        (b"80000015", 11, ("ppc64", "execve")),
        (b"14", 11, ("ppc", "execve")),
        (b"80000016", 11, ("s390x", "execve")),
        (b"16", 11, ("s390", "execve")),
        (b"80000016", 99999, ("s390x", None)),
    ],
)
def test_system_calls_of_libaudit(
    arch: bytes, number: int, expected: tuple[str, str | None]
) -> None:
    record = decoded(1300, b"arch=%s syscall=%d success=yes exit=0" % (arch, number))
    assert (record.get("arch_name"), record.get("syscall_name")) == expected


def test_without_libaudit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libaudit, "LIBRARY", "libaudit-that-is-not-there.so.1")
    for cached in (libaudit._library, libaudit.machine):
        cached.cache_clear()
    try:
        assert libaudit.syscall_name(0xC0000015, 11) is None
        assert "syscall_name" not in decoded(1300, b"arch=c0000015 syscall=11 success=yes")
    finally:
        for cached in (libaudit._library, libaudit.machine):
            cached.cache_clear()


@pytest.mark.skipif(sys.byteorder != "little", reason="the address is of a little-endian host")
def test_a_short_address_of_ipv6() -> None:
    record = decoded(1306, b"saddr=0A0000500000000020010DB8000000000000000000000001")
    assert (record["port"], record["address"]) == (80, "2001:db8::1")
    assert "scope_id" not in record
    assert "malformed" not in record
