"""Facts read from made-up hosts: what is there is told, what is missing is unknown."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import pytest

from harness.host.audience import read_audience_facts
from harness.host.audit_view import read_registered
from harness.host.cpu import read_cpu_facts
from harness.host.facts import read_host_facts
from harness.host.kernel import read_kernel_facts
from harness.host.netlink_sockets import read_audit_sockets
from harness.host.platform import PlatformFacts, read_platform_facts
from harness.host.privilege import read_privilege_facts
from harness.host.proc import boot_parameter
from harness.host.tree import HostTree, parse_cpu_list
from tests.support.made_up_host import CONFIG, RELEASE, MadeUpHost


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    return MadeUpHost(tmp_path)


def test_all_facts_are_json(host: MadeUpHost) -> None:
    facts = read_host_facts(host.root)
    document = json.loads(json.dumps(dataclasses.asdict(facts)))
    assert document["hostname"] == "web1.example.org"
    assert document["software"]["distribution"] == "Example Linux 9"
    assert document["cpu"]["model"] == "Example CPU 9000"
    assert document["load"]["memory_bytes"] == 8000 * 1024
    assert document["kernel"]["hz"] == 250


def test_an_empty_host_is_all_unknown_and_no_error(tmp_path: Path) -> None:
    facts = read_host_facts(tmp_path)
    assert facts.hostname == "unknown"
    assert facts.kernel.config == {}
    assert facts.kernel.lsms is None
    assert facts.privilege.capabilities == ()
    assert facts.privilege.initial_pid_namespace is None
    assert facts.load.cpu_pressure_10_s_percent is None
    assert facts.audience.sockets == ()


def test_machine_name_hides_the_machine_id_and_stays(host: MadeUpHost) -> None:
    name = read_host_facts(host.root).machine
    assert name == read_host_facts(host.root).machine
    assert name.startswith("web1-")
    assert "01234567" not in name
    host.write("/etc/machine-id", "fedcba9876543210fedcba9876543210\n")
    assert read_host_facts(host.root).machine != name


def test_machine_name_without_id_tells_cpus_apart(host: MadeUpHost) -> None:
    host.remove("/etc/machine-id")
    name = read_host_facts(host.root).machine
    host.change("/proc/cpuinfo", "9000", "9001")
    assert read_host_facts(host.root).machine != name


def test_machine_name_is_a_safe_folder(host: MadeUpHost) -> None:
    host.write("/proc/sys/kernel/hostname", "../étrange host")
    name = read_host_facts(host.root).machine
    assert "/" not in name
    assert "." not in name
    assert " " not in name


@pytest.mark.parametrize(
    ("cmdline", "expected"),
    [
        ("quiet", None),
        ("audit=1 quiet", "1"),
        ("quiet audit=1 audit=0", "0"),
        ("audit=off", "off"),
        ("noaudit=1 xaudit=1", None),
        ("quiet -- audit=1", None),
        ("audit_backlog_limit=8192", None),
    ],
)
def test_boot_parameter(cmdline: str, expected: str | None) -> None:
    assert boot_parameter(cmdline, "audit") == expected


def test_only_parameters_about_audit_and_speed_are_kept(host: MadeUpHost) -> None:
    host.write("/proc/cmdline", "root=UUID=1 token=secret audit=1 mitigations=off isolcpus=2-3")
    kernel = read_kernel_facts(host.tree)
    assert kernel.boot_parameters == ("audit=1", "mitigations=off", "isolcpus=2-3")
    assert kernel.boots_with_audit
    assert "secret" not in json.dumps(dataclasses.asdict(read_host_facts(host.root)))


def test_config_from_proc_wins_and_a_broken_one_is_passed_over(host: MadeUpHost) -> None:
    host.write("/proc/config.gz", b"not gzip")
    assert read_kernel_facts(host.tree).config_source == f"/boot/config-{RELEASE}"
    host.write("/proc/config.gz", gzip.compress(CONFIG.replace("=250", "=1000").encode()))
    kernel = read_kernel_facts(host.tree)
    assert (kernel.config_source, kernel.hz) == ("/proc/config.gz", 1000)


def test_config_option_that_is_absent_is_off(host: MadeUpHost) -> None:
    host.write(f"/boot/config-{RELEASE}", "# CONFIG_AUDIT is not set\nCONFIG_HZ=100\n")
    config = read_kernel_facts(host.tree).config
    assert config["CONFIG_AUDIT"] == "n"
    assert config["CONFIG_HZ"] == "100"


def test_cpus_without_sysfs_come_from_cpuinfo(host: MadeUpHost) -> None:
    host.remove("/sys/devices/system/cpu/online")
    cpu = read_cpu_facts(host.tree)
    assert cpu.online == (0, 1, 2, 3)
    assert cpu.siblings == ((0, 2), (1, 3))
    assert cpu.turbo is False
    assert cpu.governors == ("performance",)


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("", ()), ("0", (0,)), ("0-2,5", (0, 1, 2, 5)), ("3,1-2,2", (1, 2, 3)), ("0-1\n", (0, 1))],
)
def test_cpu_list(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpu_list(text) == cpus


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "0-99999999", "1_0", "0x1", "1.5"])
def test_cpu_list_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_cpu_list(text)


def platform(host: MadeUpHost) -> PlatformFacts:
    cpu = read_cpu_facts(host.tree)
    return read_platform_facts(
        host.tree, hypervisor_flag=cpu.hypervisor_flag, clocksources=cpu.clocksources
    )


def test_bare_metal_outside_of_containers(host: MadeUpHost) -> None:
    found = platform(host)
    assert (found.virtualisation, found.container) == ("none", None)


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("/sys/class/dmi/id/product_name", "KVM\n", "kvm"),
        ("/sys/class/dmi/id/sys_vendor", "QEMU\n", "qemu"),
        ("/sys/class/dmi/id/sys_vendor", "VMware, Inc.\n", "vmware"),
        ("/sys/class/dmi/id/product_name", "Google Compute Engine\n", "google"),
        ("/sys/class/dmi/id/sys_vendor", "Dell Inc.\n", "none"),
        ("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n", "none"),
        ("/sys/hypervisor/type", "xen\n", "xen"),
        ("/proc/device-tree/hypervisor/compatible", b"linux,kvm\0", "kvm"),
        ("/proc/sysinfo", "VM00 Control Program: z/VM    7.2.0\n", "zvm"),
    ],
)
def test_virtualisation(host: MadeUpHost, path: str, content: str | bytes, expected: str) -> None:
    host.write(path, content)
    assert platform(host).virtualisation == expected


def test_ec2_with_the_cpu_flag_is_virtual(host: MadeUpHost) -> None:
    host.write("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n")
    host.change("/proc/cpuinfo", "fpu tsc", "fpu tsc hypervisor")
    assert platform(host).virtualisation == "amazon"


def test_xen_control_domain_is_not_virtual(host: MadeUpHost) -> None:
    host.write("/sys/hypervisor/type", "xen\n")
    host.write("/proc/xen/capabilities", "control_d\n")
    assert platform(host).virtualisation == "none"


def test_flag_alone_leaves_the_name_to_the_clock(host: MadeUpHost) -> None:
    host.change("/proc/cpuinfo", "fpu tsc", "fpu tsc hypervisor")
    assert platform(host).virtualisation == "unknown"
    host.write(
        "/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock\n"
    )
    assert platform(host).virtualisation == "kvm"


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("/.dockerenv", "", "docker"),
        ("/run/.containerenv", "", "podman"),
        ("/run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
        ("/proc/1/environ", b"HOME=/\0container=lxc\0", "lxc"),
        ("/proc/sys/kernel/osrelease", "5.15.0-microsoft-standard-WSL2\n", "wsl"),
        ("/proc/vz/version", "1\n", "openvz"),
    ],
)
def test_container(host: MadeUpHost, path: str, content: str | bytes, expected: str) -> None:
    host.write(path, content)
    found = platform(host)
    assert found.container == expected
    assert found.container_evidence


def test_namespaces_of_a_container(host: MadeUpHost) -> None:
    host.link("/proc/self/ns/pid", "pid:[4026532201]")
    host.link("/proc/self/ns/user", "user:[4026532200]")
    host.link("/proc/self/ns/net", "net:[4026532203]")
    privilege = read_privilege_facts(host.tree)
    assert privilege.initial_pid_namespace is False
    assert privilege.initial_user_namespace is False
    # Whose network namespace init of another pid namespace is in tells nothing.
    assert privilege.initial_net_namespace is None


def test_net_namespace_of_new_kernels_is_known_by_number(host: MadeUpHost) -> None:
    host.link("/proc/self/ns/net", "net:[4026531833]")
    host.remove("/proc/1/ns/net")
    assert read_privilege_facts(host.tree).initial_net_namespace is True


def test_net_namespace_is_unknown_where_init_hides(host: MadeUpHost) -> None:
    host.remove("/proc/1/ns/net")
    assert read_privilege_facts(host.tree).initial_net_namespace is None


def test_capabilities_of_an_ordinary_user(host: MadeUpHost) -> None:
    host.change("/proc/self/status", "000001ffffffffff", "0000000000000000")
    host.change("/proc/self/status", "Uid:\t0\t0\t0\t0", "Uid:\t1000\t1000\t1000\t1000")
    privilege = read_privilege_facts(host.tree)
    assert privilege.capabilities == ()
    assert privilege.uid == 1000
    assert not privilege.can("CAP_AUDIT_CONTROL")


def test_audit_sockets_with_their_owners(host: MadeUpHost) -> None:
    host.audit_socket(700, port=-4105, groups=1, drops=12)
    host.audit_socket(701, port=4000)
    host.process(400, "systemd-journal", sockets=[700])
    audience = read_audience_facts(host.tree)
    assert [socket.port_id for socket in audience.sockets] == [-4105, 4000]
    listener = audience.listeners[0]
    assert (listener.owner_pid, listener.owner_name, listener.drops) == (400, "systemd-journal", 12)
    assert audience.sockets[1].owner_pid is None


def test_sockets_of_other_protocols_and_the_kernels_own_are_left_out(host: MadeUpHost) -> None:
    row = "00000000f25fba77 0   77         00000001 0        0        0     2        0        4\n"
    host.write("/proc/net/netlink", (host.tree.data("/proc/net/netlink") or b"") + row.encode())
    assert read_audit_sockets(host.tree) == ()


def test_known_consumers_by_name(host: MadeUpHost) -> None:
    host.process(50, "osqueryd", exe="/opt/osquery/bin/osqueryd")
    host.process(51, "bash", exe="/bin/bash")
    processes = read_audience_facts(host.tree).processes
    assert [(p.pid, p.product, p.exe) for p in processes] == [
        (50, "osquery", "/opt/osquery/bin/osqueryd")
    ]


def test_journald_unit(host: MadeUpHost) -> None:
    assert read_audience_facts(host.tree).journald_unit == "absent"
    host.write("/usr/lib/systemd/system/systemd-journald-audit.socket", "[Socket]\n")
    assert read_audience_facts(host.tree).journald_unit == "present"
    host.link("/etc/systemd/system/systemd-journald-audit.socket", "/dev/null")
    assert read_audience_facts(host.tree).journald_unit == "masked"


def test_registered_daemon_in_another_net_namespace_is_alive(host: MadeUpHost) -> None:
    host.process(900, "auditd", exe="/usr/sbin/auditd", sockets=[5555])
    host.audit_socket(5555, port=900, table="900")
    registered = read_registered(host.tree, 900)
    assert registered is not None
    assert registered.alive


@pytest.mark.parametrize("name", [None, "bash"])
def test_registered_daemon_that_is_gone_or_another_process(
    host: MadeUpHost, name: str | None
) -> None:
    if name is not None:
        host.process(900, name, sockets=[1])
    registered = read_registered(host.tree, 900)
    assert registered is not None
    assert registered.name == name
    assert not registered.alive


def test_nobody_registered(host: MadeUpHost) -> None:
    assert read_registered(host.tree, 0) is None


def test_libaudit_by_package_then_by_file(host: MadeUpHost) -> None:
    assert read_host_facts(host.root).software.libaudit is None
    host.link("/usr/lib64/libaudit.so.1", "libaudit.so.1.0.0")
    assert read_host_facts(host.root).software.libaudit == "1.0.0"
    host.write(
        "/var/lib/dpkg/status",
        "Package: libaudit-common\nVersion: 9\n\n"
        "Package: libaudit1\nStatus: install ok installed\nVersion: 1:3.0.9-1\n\n",
    )
    assert read_host_facts(host.root).software.libaudit == "1:3.0.9-1"


def test_steal_share_is_of_the_wanted_time(host: MadeUpHost) -> None:
    load = read_host_facts(host.root).load
    assert load.steal_ns == 50_000_000
    assert load.steal_share == pytest.approx(5 / 1525)


def test_the_live_host_can_be_read() -> None:
    facts = read_host_facts()
    assert facts.cpu.online
    assert facts.kernel.release in (HostTree().text("/proc/version") or "")
