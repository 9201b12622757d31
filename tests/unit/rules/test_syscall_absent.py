"""Every syscall that one architecture has and another has not is refused with the cause."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.errors import UsageError
from harness.kernel.rules.checks.syscall_absent import _INSTEAD, no_such_syscall
from harness.kernel.rules.libaudit import Libaudit, libaudit
from tests.support.rule_lines import parse_rule_text

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7


class OldLibaudit:
    """libaudit as it was before some calls were made."""

    def __init__(self, *without: str) -> None:
        self._without = without
        self._library = libaudit()

    def syscall_number(self, name: bytes, machine: int) -> int:
        return -1 if name.decode() in self._without else self._library.syscall_number(name, machine)

    def syscall_name(self, number: int, machine: int) -> str | None:
        name = self._library.syscall_name(number, machine)
        return None if name in self._without else name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


@pytest.mark.parametrize(("arch", "here"), [(X86_64, "x86_64"), (I386, "i386")])
@pytest.mark.parametrize(("name", "number"), [("fchmodat2", 452), ("file_setattr", 469)])
def test_a_call_that_is_newer_than_libaudit_is_no_mistake_of_the_rule(
    arch: int, here: str, name: str, number: int
) -> None:
    error = no_such_syscall(cast(Libaudit, OldLibaudit(name)), name.encode(), arch)
    assert error.one_line() == (
        f"-S {name} is a syscall of {here} that the libaudit of this host does not know: "
        f"give its number, -S {number}, or use a newer auditctl"
    )


def names_of(arch: int) -> set[str]:
    library = libaudit()
    machine = library.machine_of_arch(arch)
    names = (library.syscall_name(number, machine) for number in range(2048))
    return {name for name in names if name}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "-F arch=i386 -S bind,accept",
            "-S accept names no syscall of i386, it is one of x86_64, aarch64, arm, ppc64le, ppc64 "
            "and ppc; i386 has accept4 and socketcall for it: name these in the rule for i386",
        ),
        (
            "-F arch=x86_64 -S socketcall",
            "-S socketcall names no syscall of x86_64, it is one of i386, ",
        ),
        (
            "-F arch=x86_64 -S stat64",
            "-S stat64 names no syscall of x86_64, it is one of i386, arm, ppc64le, ppc64, ppc and "
            "s390; x86_64 has stat for it: name this in the rule for x86_64",
        ),
        (
            "-F arch=aarch64 -S openat,open",
            "-S open names no syscall of aarch64, it is one of x86_64, ",
        ),
        (
            "-F arch=aarch64 -S arch_prctl",
            "-S arch_prctl names no syscall of aarch64, it is one of x86_64 and i386: leave it out "
            "of the rule for aarch64",
        ),
        (
            "-F arch=i386 -S nosuch",
            "-S nosuch names no syscall of i386: see `ausyscall ARCH --dump` for the names",
        ),
    ],
)
def test_messages(line: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule_text(f"-a always,exit {line}")
    assert caught.value.one_line().startswith(message)


@pytest.mark.parametrize(
    ("here", "elsewhere"), [(I386, X86_64), (X86_64, I386), (AARCH64, X86_64), (X86_64, AARCH64)]
)
def test_every_syscall_of_the_other_architecture(here: int, elsewhere: int) -> None:
    absent = names_of(elsewhere) - names_of(here)
    assert absent
    library = libaudit()
    machine = library.name("machine", library.machine_of_arch(elsewhere))
    for name in absent:
        error = no_such_syscall(library, name.encode(), here)
        assert f", it is one of {machine}" in error.what or f" {machine}" in error.what, name
        assert error.remedy.startswith(("name this", "name these", "leave it out")), name


@pytest.mark.parametrize("call", ["open", "creat", "unlink", "rename", "chmod", "chown", "mkdir"])
def test_what_newer_machines_have_instead(call: str) -> None:
    error = no_such_syscall(libaudit(), call.encode(), AARCH64)
    assert f"; aarch64 has {_INSTEAD[call].split()[0]}" in error.what


def test_what_is_offered_is_there() -> None:
    library = libaudit()
    for arch in (X86_64, I386, AARCH64):
        here = names_of(arch)
        for name in set(_INSTEAD) - here:
            what = no_such_syscall(library, name.encode(), arch).what
            offered = what.partition(" has ")[2].removesuffix(" for it")
            assert set(offered.replace(" and ", ", ").split(", ")) - {""} <= here, name


def test_names_that_no_table_has_are_no_stand_ins() -> None:
    """A typing error in the table would offer nothing and never be seen."""
    known = names_of(X86_64) | names_of(I386) | names_of(AARCH64)
    library = libaudit()
    for machine in (b"arm", b"ppc64", b"s390x", b"s390"):
        number = library.number("machine", machine)
        known |= {library.syscall_name(each, number) or "" for each in range(2048)}
    assert {word for words in _INSTEAD.values() for word in words.split()} <= known
    assert set(_INSTEAD) <= known
