"""Made-up `/proc`, `/sys` and `/etc` trees, and a made-up audit client, for tests of the host."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import KernelAnswerError
from harness.host.tree import HostTree
from harness.kernel.status import AuditFeatures, AuditStatus

RELEASE = "6.12.0-example"
CONFIG = """\
CONFIG_AUDIT=y
CONFIG_AUDITSYSCALL=y
CONFIG_FTRACE_SYSCALLS=y
CONFIG_HZ=250
CONFIG_PERF_EVENTS=y
CONFIG_PROC_EVENTS=y
CONFIG_SCHED_INFO=y
# CONFIG_SOMETHING is not set
"""
STATUS = """\
Name:\tpython
TracerPid:\t0
Uid:\t0\t0\t0\t0
CapEff:\t000001ffffffffff
Seccomp:\t0
Cpus_allowed_list:\t0-3
voluntary_ctxt_switches:\t5
nonvoluntary_ctxt_switches:\t7
"""
CPUINFO = "".join(
    f"processor\t: {cpu}\nmodel name\t: Example  CPU 9000\nflags\t\t: fpu tsc\n"
    f"cpu MHz\t\t: 2400.500\n\n"
    for cpu in range(4)
)
NETLINK_HEAD = (
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
)
KERNEL_SOCKET = (
    "00000000ab7cb725 9   0          00000000 0        0        0     2        0        6       \n"
)


class MadeUpHost:
    """A quiet four-CPU server without a hypervisor: two cores with two threads each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = HostTree(root)
        self._kernel()
        self._cpus()
        self._moment()

    def write(self, path: str, content: str | bytes) -> None:
        """Puts a file there, or replaces it."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def link(self, path: str, target: str) -> None:
        """Puts a symbolic link there, or replaces it."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def change(self, path: str, old: str, new: str) -> None:
        """Replaces text in a file; the old text has to be there."""
        text = (self.root / path.lstrip("/")).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def remove(self, path: str) -> None:
        """Takes a file or link away."""
        (self.root / path.lstrip("/")).unlink()

    def process(self, pid: int, name: str, *, exe: str = "", sockets: Iterable[int] = ()) -> None:
        """Starts a process that holds these socket inodes."""
        self.write(f"/proc/{pid}/comm", f"{name}\n")
        if exe:
            self.link(f"/proc/{pid}/exe", exe)
        self.link(f"/proc/{pid}/fd/0", "/dev/null")
        for number, inode in enumerate(sockets, start=1):
            self.link(f"/proc/{pid}/fd/{number}", f"socket:[{inode}]")

    def audit_socket(
        self, inode: int, *, port: int, groups: int = 0, drops: int = 0, table: str = "self"
    ) -> None:
        """Adds an audit socket to the table, or to that of another process' namespace."""
        path = "/proc/net/netlink" if table == "self" else f"/proc/{table}/net/netlink"
        before = self.tree.data(path) or (NETLINK_HEAD + KERNEL_SOCKET).encode()
        row = (
            f"00000000aaaaaaaa 9   {port:<10} {groups:08x} 4352     0        0     2        "
            f"{drops:<8} {inode:<8}\n"
        )
        self.write(path, before + row.encode())

    def _kernel(self) -> None:
        self.write("/proc/sys/kernel/osrelease", f"{RELEASE}\n")
        self.write("/proc/sys/kernel/version", "#1 SMP\n")
        self.write("/proc/sys/kernel/arch", "x86_64\n")
        self.write("/proc/sys/kernel/hostname", "web1.example.org\n")
        self.write("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1234 quiet\n")
        self.write(f"/boot/config-{RELEASE}", CONFIG)
        self.write("/sys/kernel/security/lsm", "lockdown,capability,yama")
        self.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        self.write("/etc/os-release", 'NAME="Example"\nPRETTY_NAME="Example Linux 9"\n')
        self.write("/proc/sys/net/core/rmem_max", "212992\n")
        self.write("/proc/sys/net/core/rmem_default", "212992\n")
        self.write("/proc/net/netlink", NETLINK_HEAD + KERNEL_SOCKET)
        self.process(1, "systemd")
        self.link("/proc/1/ns/net", "net:[4026531840]")

    def _cpus(self) -> None:
        self.write("/proc/cpuinfo", CPUINFO)
        cpu = "/sys/devices/system/cpu"
        self.write(f"{cpu}/online", "0-3\n")
        self.write(f"{cpu}/isolated", "\n")
        self.write(f"{cpu}/smt/active", "1\n")
        self.write(f"{cpu}/intel_pstate/no_turbo", "1\n")
        for number in range(4):
            siblings = f"{number % 2},{number % 2 + 2}\n"
            self.write(f"{cpu}/cpu{number}/topology/thread_siblings_list", siblings)
            self.write(f"{cpu}/cpu{number}/cpufreq/scaling_governor", "performance\n")
            self.write(f"{cpu}/cpu{number}/cpufreq/scaling_driver", "intel_pstate\n")
            self.write(f"{cpu}/cpu{number}/cpufreq/scaling_cur_freq", "2400000\n")
        clock = "/sys/devices/system/clocksource/clocksource0"
        self.write(f"{clock}/current_clocksource", "tsc\n")
        self.write(f"{clock}/available_clocksource", "tsc hpet acpi_pm \n")

    def _moment(self) -> None:
        self.write("/proc/self/status", STATUS)
        self.write("/proc/self/loginuid", "1000")
        self.write("/proc/self/schedstat", "123456 789 10\n")
        for kind, inode in (("user", 4026531837), ("pid", 4026531836), ("net", 4026531840)):
            self.link(f"/proc/self/ns/{kind}", f"{kind}:[{inode}]")
        self.write("/proc/loadavg", "0.10 0.20 0.30 1/200 4242\n")
        self.write("/proc/uptime", "1000.50 3900.00\n")
        self.write("/proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n")
        self.write("/proc/meminfo", "MemTotal: 8000 kB\nMemAvailable: 4000 kB\nSUnreclaim: 80 kB\n")
        self.write(
            "/proc/stat",
            "cpu  1000 0 500 8000 10 0 20 5 0 0\n"
            "cpu0 600 0 300 4000 5 0 10 3 0 0\n"
            "cpu1 400 0 200 4000 5 0 10 2 0 0\n"
            "intr 5000 1 2\nctxt 7000\nprocesses 90\nsoftirq 300 1 2\n",
        )
        for resource in ("cpu", "memory", "io"):
            self.write(
                f"/proc/pressure/{resource}",
                "some avg10=0.50 avg60=0.40 avg300=0.10 total=2000\n"
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n",
            )


def audit_status(**changes: int | None) -> AuditStatus:
    """A status as after boot, with changes."""
    values: dict[str, int | None] = {
        "mask": 0,
        "enabled": 0,
        "failure": 1,
        "pid": 0,
        "rate_limit": 0,
        "backlog_limit": 64,
        "lost": 0,
        "backlog": 0,
        "feature_bitmap": 0x7F,
        "backlog_wait_time": 15000,
        "backlog_wait_time_actual": 0,
    }
    return AuditStatus(**{**values, **changes})  # type: ignore[arg-type]


class MadeUpClient:
    """An audit client without a kernel: rules are a list, refusals are set by the test."""

    def __init__(
        self, status: AuditStatus | None = None, rules: Iterable[bytes] = (), features: int = 0
    ) -> None:
        self.answers = status or audit_status()
        self.rules = list(rules)
        self.feature_bits = features
        self.log: list[str] = []
        self.refuse: dict[str, list[KernelAnswerError]] = {}

    def __enter__(self) -> MadeUpClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.log.append("close")

    def status(self) -> AuditStatus:
        """What the test set."""
        self._maybe_refuse("status")
        return self.answers

    def features(self) -> AuditFeatures:
        """Two features, as bits."""
        return AuditFeatures(1, 3, self.feature_bits, 0)

    def list_rules(self) -> list[bytes]:
        """A copy."""
        return list(self.rules)

    def add_rule(self, rule: bytes) -> None:
        """Appends."""
        self._maybe_refuse("add_rule")
        self.log.append("add")
        self.rules.append(rule)

    def delete_rule(self, rule: bytes) -> None:
        """Removes the first that equals it."""
        self._maybe_refuse("delete_rule")
        self.log.append("delete")
        self.rules.remove(rule)

    def _maybe_refuse(self, method: str) -> None:
        refusals = self.refuse.get(method)
        if refusals:
            raise refusals.pop(0)
