"""Sampled call chains: the kernel's bytes, the names of functions, whose each sample is."""

from __future__ import annotations

import errno
import mmap
import os
import random
import struct
from pathlib import Path

import pytest

from harness.host.stacks import able, sampler
from harness.host.stacks.able import require_sampling, unable
from harness.host.stacks.records import FORK, LOST, SAMPLE, THROTTLE, Records, read_records
from harness.host.stacks.ring import between
from harness.host.stacks.sampler import StackSampler, Tally
from harness.host.stacks.symbols import MOST_NAME, UNKNOWN, USER, Symbols
from harness.host.tree import HostTree

KERNEL, IN_USER_MODE = 1, 2
CONTEXT_KERNEL = 2**64 - 128
KALLSYMS = """\
ffffffff81000000 T _text
ffffffff81000100 T outer
ffffffff81000200 t inner
ffffffff81000300 D data_of_inner
ffffffffa0000000 t of_module\t[nf_tables]
"""


def record(kind: int, body: bytes, misc: int = 0) -> bytes:
    return struct.pack("=IHH", kind, misc, 8 + len(body)) + body


def sample(pid: int, *chain: int, mode: int = KERNEL) -> bytes:
    body = struct.pack(f"=IIQQ{len(chain)}Q", pid, pid, 1, len(chain), *chain)
    return record(SAMPLE, body, mode)


def fork(pid: int, parent: int, time_ns: int) -> bytes:
    return record(FORK, struct.pack("=IIIIQ", pid, parent, pid, parent, time_ns))


def read(data: bytes) -> Records:
    found = Records()
    assert read_records(data, found) <= len(data)
    return found


def test_samples_have_the_addresses_of_the_kernel_only() -> None:
    data = sample(7, CONTEXT_KERNEL, 30, 20, 10) + sample(8, mode=IN_USER_MODE)
    found = read(data).samples
    assert [(each.pid, each.chain) for each in found] == [(7, (30, 20, 10)), (8, ())]


def test_what_the_kernel_dropped_is_counted() -> None:
    data = record(LOST, struct.pack("=QQ", 1, 5)) + record(THROTTLE, bytes(24))
    found = read(data * 2)
    assert (found.lost, found.throttled, found.samples) == (10, 2, [])


def test_a_record_cut_short_is_left_for_the_next_time() -> None:
    whole = sample(7, 10) + sample(8, 10)
    found = Records()
    assert read_records(whole[:-1], found) == len(sample(7, 10))
    assert [each.pid for each in found.samples] == [7]


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 64,
        struct.pack("=IHH", SAMPLE, 1, 0) * 8,
        record(SAMPLE, b"x", KERNEL),
        record(FORK, b""),
        record(LOST, b"1234"),
        record(SAMPLE, struct.pack("=IIQQ", 7, 7, 1, 2**63), KERNEL),
    ],
)
def test_bytes_that_are_no_records_do_no_harm(data: bytes) -> None:
    found = read(data)
    assert found.lost == 0
    assert all(each.chain == () for each in found.samples)


def test_random_bytes_do_no_harm() -> None:
    chance = random.Random(5)
    for _ in range(300):
        read(chance.randbytes(chance.randrange(300)))


def test_a_ring_is_read_across_its_end() -> None:
    size = 16
    memory = bytes(mmap.PAGESIZE) + b"0123456789abcdef"
    assert between(memory, size, 2, 6) == b"2345"
    assert between(memory, size, 14, 18) == b"ef01"
    assert between(memory, size, 160, 160) == b""
    assert between(memory, size, 161, 177) == b"123456789abcdef0"


def test_what_a_process_starts_belongs_to_its_group() -> None:
    tally = Tally({1: "load", 5: "kauditd"})
    # The child may be sampled on a CPU that is read before the one that tells of the fork.
    tally.add(read(sample(3, 10) + fork(3, 2, 20) + fork(2, 1, 10) + sample(5, 10) + sample(9, 10)))
    assert tally.chains == {("load", (10,)): 1, ("kauditd", (10,)): 1}
    assert tally.others == 1


def test_the_number_of_a_process_is_given_to_another_one() -> None:
    tally = Tally({1: "load"})
    tally.add(read(fork(2, 1, 10) + sample(2, 10)))
    tally.add(read(fork(2, 9, 20) + sample(2, 10)))
    tally.add(read(fork(9, 9, 30)))  # a thread
    assert (tally.chains.total(), tally.others) == (1, 1)


def test_the_number_of_chains_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "MOST_CHAINS", 2)
    tally = Tally({1: "load"})
    tally.add(read(b"".join(sample(1, address) for address in (10, 20, 30, 10, 40))))
    assert (tally.chains.total(), tally.left_out) == (3, 2)


def test_addresses_become_names_outermost_first() -> None:
    symbols = Symbols(KALLSYMS)
    assert symbols.frames((0xFFFFFFFF81000210, 0xFFFFFFFF81000150)) == ("outer", "inner")
    # A call that never returns is the last of its function: the address is that of the next.
    assert symbols.frames((0xFFFFFFFF81000210, 0xFFFFFFFF81000200))[0] == "outer"
    assert symbols.name(0xFFFFFFFFA0000010) == "of_module"
    assert symbols.name(0x10) == UNKNOWN
    assert symbols.frames(()) == (USER,)


def test_a_hidden_table_has_no_names() -> None:
    hidden = "".join(
        f"0000000000000000 {line.split(' ', 1)[1]}\n" for line in KALLSYMS.splitlines()
    )
    assert not Symbols(hidden)
    assert Symbols(KALLSYMS)


def test_names_are_fit_for_folded_stacks() -> None:
    odd = f"10 T a;b\n20 T c\x1b[31m\n30 T {'x' * 900}\n"
    symbols = Symbols(odd)
    assert symbols.name(0x10) == "a_b"
    assert symbols.name(0x20) == "c_[31m"
    assert len(symbols.name(0x30)) == MOST_NAME


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (errno.EACCES, "kernel.perf_event_paranoid is"),
        (errno.EPERM, "CAP_PERFMON"),
        (errno.ENOSYS, "CONFIG_PERF_EVENTS"),
        (errno.ENOENT, "CONFIG_PERF_EVENTS"),
        (errno.EINVAL, "kernel.perf_event_max_sample_rate"),
        (errno.ENOMEM, "leave out --profile"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(code: int, what: str) -> None:
    error = unable(OSError(code, os.strerror(code)))
    assert error.exit_code == 4
    assert error.remedy
    assert "\n" not in error.one_line()
    assert what in error.one_line()


def test_hidden_addresses_are_named_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(able, "open_clock", lambda *_, **__: os.open(tmp_path, os.O_RDONLY))
    monkeypatch.setattr(able.Symbols, "read", lambda: Symbols(""))
    with pytest.raises(able.HostUnfitError, match=r"hides the addresses.*kptr_restrict"):
        require_sampling(0)


def test_symbols_are_read_from_the_host(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/kallsyms").write_text(KALLSYMS, encoding="utf-8")
    assert Symbols.read(HostTree(tmp_path)).name(0xFFFFFFFF81000101) == "outer"
    assert not Symbols.read(HostTree(tmp_path / "absent"))


def test_a_clock_that_cannot_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("harness.host.stacks.ring.open_clock", refuse)
    with pytest.raises(able.HostUnfitError, match="Too many open files"), StackSampler({}, [0]):
        pass
