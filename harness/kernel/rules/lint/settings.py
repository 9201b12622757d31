"""Settings among rules: the size of the backlog, panic, the lock, -D, and what is set twice."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.kernel.rules.controls import Control
from harness.kernel.rules.lint.finding import Finding, Kind, Place
from harness.kernel.rules.lint.parsed import Parsed

DEFAULT_BACKLOG = 64
RECORDS_OF_EXEC = 7
"""SYSCALL, EXECVE, CWD, two PATH, PROCTITLE, EOE."""
SMALL_BACKLOG, ROOMY_BACKLOG = 1024, 8192
MANY_RULES = 20
BACKLOG = Kind(
    "backlog-small",
    "warning",
    "a backlog (-b) that is too small for the file",
    "When the backlog is full, programs wait, and then records are lost.",
)
UNLIMITED = Kind(
    "backlog-unlimited", "warning", "-b 0", "The backlog may take all memory of the host."
)
PANIC = Kind(
    "failure-panic", "warning", "-f 2", "The kernel panics when it loses a record or has no memory."
)
DISABLED = Kind("disabled", "warning", "-e 0", "The rules are loaded, and nothing is recorded.")
LOCK = Kind(
    "lock-not-last",
    "error",
    "-e 2 before other lines",
    "The kernel refuses every later line (EPERM), and auditctl stops there.",
)
RATE = Kind(
    "rate-limit", "note", "-r", "Records beyond the rate are dropped; the counter `lost` tells."
)
NO_WAIT = Kind(
    "no-wait",
    "note",
    "--backlog_wait_time 0",
    "Programs never wait for a full backlog; its records are lost at once.",
)
LATE_DELETE = Kind(
    "delete-late", "warning", "-D below rules", "It deletes the rules above it as well."
)
NO_DELETE = Kind(
    "delete-missing",
    "note",
    "a whole rule file without -D",
    "Loaded a second time, its rules are there already, and auditctl stops at the first (EEXIST).",
)
TWICE = Kind("set-twice", "warning", "a setting made twice", "The last one counts.")
KINDS = (
    *(BACKLOG, UNLIMITED, PANIC, DISABLED, LOCK, RATE, NO_WAIT, LATE_DELETE, NO_DELETE, TWICE),
)
_OPTIONS = {
    "enabled": "-e",
    "failure": "-f",
    "backlog_limit": "-b",
    "rate_limit": "-r",
    "backlog_wait_time": "--backlog_wait_time",
}


def setting_findings(parsed: Parsed) -> Iterator[Finding]:
    """What is wrong with the settings of a source, or missing from a whole one."""
    made = [(place, each) for place, line in parsed.lines for each in line.parsed.controls]
    last: dict[str, tuple[Place, Control]] = {}
    for place, control in made:
        before = last.get(control.name)
        if before and control.name in _OPTIONS and before[1] != control:
            option = _OPTIONS[control.name]
            reason = f"{option} {before[1].value} is overridden by {option} {control.value}"
            yield Finding(TWICE, before[0], reason, "delete one of the lines", (place,))
        last[control.name] = (place, control)
    for place, control in last.values():
        yield from _of_value(place, control)
    yield from _lock(parsed)
    yield from _deletes(parsed)
    yield from _backlog(parsed, last.get("backlog_limit"))


def _of_value(place: Place, control: Control) -> Iterator[Finding]:
    match (control.name, control.value):
        case ("failure", 2):
            reason = "-f 2 makes the kernel panic when it loses a record"
            yield Finding(PANIC, place, reason, "use -f 1 unless a lost record is worse than that")
        case ("enabled", 0):
            reason = "-e 0 switches audit off, and the rules record nothing"
            yield Finding(DISABLED, place, reason, "write -e 1")
        case ("rate_limit", int(rate)) if rate > 0:
            reason = f"-r {rate} drops what exceeds that number a second"
            yield Finding(RATE, place, reason, "leave -r out and give -b the room for bursts")
        case ("backlog_wait_time", 0):
            reason = "programs do not wait for a full backlog, and its records are lost at once"
            yield Finding(NO_WAIT, place, reason, "keep it only if delay is worse than loss")
        case ("backlog_limit", 0):
            reason = "-b 0 sets no limit: records may take all memory of the host"
            yield Finding(UNLIMITED, place, reason, f"write -b {ROOMY_BACKLOG}")


def _lock(parsed: Parsed) -> Iterator[Finding]:
    locks = [p for p, line in parsed.lines if Control("enabled", 2) in line.parsed.controls]
    if not locks:
        return
    places = [place for place, _ in parsed.lines]
    later = places[places.index(locks[0]) + 1 :]
    if later:
        reason = f"-e 2 locks audit, and the kernel refuses {counted(len(later), 'line')} after it"
        yield Finding(LOCK, locks[0], reason, "make it the last line of the file", (later[0],))


def _deletes(parsed: Parsed) -> Iterator[Finding]:
    above: list[Place] = []
    deletes = False
    for place, line in parsed.lines:
        if Control("delete_all", "") in line.parsed.controls:
            deletes = True
            if above:
                reason = f"-D deletes {counted(len(above), 'rule')} above it"
                yield Finding(LATE_DELETE, place, reason, "put -D first", (above[0],))
            above = []
        elif line.parsed.operation == "add":
            above.append(place)
    meant = any(line.content.strip().startswith(b"-D") for line in parsed.source.lines)
    if above and not deletes and not meant and not parsed.is_fragment:
        reason = "the file has no -D: loaded again, it meets its own rules, and auditctl stops"
        yield Finding(NO_DELETE, parsed.lines[0][0], reason, "begin the file with -D")


def _backlog(parsed: Parsed, given: tuple[Place, Control] | None) -> Iterator[Finding]:
    recording = [rule for rule in parsed.rules if rule.view.records]
    if not recording or (given is None and parsed.is_fragment):
        return
    place, limit = (given[0], given[1].value) if given else (parsed.lines[0][0], DEFAULT_BACKLOG)
    assert isinstance(limit, int)
    enough = ROOMY_BACKLOG if len(recording) >= MANY_RULES else SMALL_BACKLOG
    if limit == 0 or limit >= enough:
        return
    said = f"-b {limit}" if given else f"without -b the backlog is the kernel's {limit}: it"
    starts = counted(limit // RECORDS_OF_EXEC, "program start")
    rules = counted(len(recording), "recording rule")
    reason = f"{said} holds what {starts} record, and the file has {rules}"
    yield Finding(
        BACKLOG,
        place,
        reason,
        f"write -b {ROOMY_BACKLOG}, and see `auditctl -s` for lost",
        lowered="note" if limit >= SMALL_BACKLOG else None,
    )
