"""Made-up runs with sampled stacks. No number in here is a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.model.stored.profile import StoredProfile
from harness.store import ResumedWriter, StoredRun, load_run
from tests.support.stored.two_runs import write_run

CALL = "load;entry_SYSCALL_64;do_syscall_64"
LOG_EXIT = f"{CALL};syscall_exit_work;__audit_syscall_exit;audit_log_exit"
QUIET: Mapping[str, int] = {
    "load;[user]": 200,
    f"{CALL};__x64_sys_connect;udp_connect": 400,
    f"{CALL};__x64_sys_sendto": 400,
}
AUDITED: Mapping[str, int] = {
    **QUIET,
    f"{LOG_EXIT};audit_log_start": 320,
    f"{LOG_EXIT};audit_log_end": 200,
    LOG_EXIT: 180,
    f"{CALL};__x64_sys_connect;__audit_sockaddr": 100,
    "kauditd;ret_from_fork;kthread;kauditd_thread;kauditd_send_queue": 300,
    "consumer;[user]": 50,
    "consumer;entry_SYSCALL_64;do_syscall_64;__x64_sys_recvmsg;netlink_recvmsg": 300,
}


def profile_of(scenario: str, stacks: Mapping[str, int], **fields: Any) -> StoredProfile:
    """The profile of a cell of the made-up runs."""
    words = {
        "workload": "udp",
        "scenario": scenario,
        "consumer": "assemble",
        "frequency_hz": 1000,
        "trials": 3,
        "ops": 100_000,
        "sampled_ns": 2_000_000_000,
        "stacks": tuple(stacks.items()),
        **fields,
    }
    return StoredProfile(**words)


def write_profiled_run(folder: Path, profiles: Sequence[StoredProfile] | None = None) -> StoredRun:
    """A run with the profiles of two cells, or with these, written and read back."""
    add_profiles(write_run(folder), profiles)
    return load_run(folder)


def add_profiles(folder: Path, profiles: Sequence[StoredProfile] | None = None) -> None:
    """The same to a run that is there."""
    if profiles is None:
        profiles = [profile_of("no-audit", QUIET), profile_of("rules", AUDITED)]
    with ResumedWriter(folder) as writer:
        for profile in profiles:
            writer.append_profile(profile)
