"""auditd with Laurel as its plugin: JSON lines, one per event, without additions from /proc."""

from __future__ import annotations

from pathlib import Path

from harness.consumers.auditd import AuditdRunning, find_auditd, log_of, start_auditd
from harness.consumers.base import ConsumerSetup, Found
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.kept import find_kept
from harness.consumers.foreign.laurel_log import log_records
from harness.consumers.foreign.program import answer_of, find_program
from harness.consumers.foreign.running import await_rest
from harness.consumers.foreign.usage import Usage
from harness.processes.line_process import ChildFailedError

READY_TIMEOUT_S = 10.0
REMEDY = "install it (`apt-get install laurel`), or name its program with --consumer-path"
PLUGIN = """\
active = yes
direction = out
type = always
format = string
path = /bin/sh
args = {script}
"""
SCRIPT = """\
#!/bin/sh
# auditd ends its plugins by SIGTERM. Laurel shall read to the end of its input instead, and write
# down also the events whose end it has not seen.
trap '' TERM
exec '{program}' --config '{conf}' 2>>'{output}'
"""
CONF = """\
directory = "{folder}"
user = "root"
statusreport-period = 0

[auditlog]
file = "audit.log"
size = 4000000000
generations = 1

[transform]
execve-argv = ["array"]

[translate]
universal = false
user-db = false

[enrich]
pid = false
execve-env = []
container = false
script = false
"""


class LaurelConsumer:
    """auditd, which also writes its own log as on Debian, and Laurel as its plugin.

    `--consumer-path` names Laurel; auditd is that of the host.
    """

    sees_events = True
    registers = True
    changes = ""
    by_tree = False

    def __init__(self, name: str, summary: str, *, kept: str = "") -> None:
        """`kept` is the folder of a Laurel that `make consumers` got; empty: that of the host."""
        self.name, self.summary, self._kept = name, summary, kept

    def _program(self, binary: Path | None) -> Path:
        if self._kept:
            return find_kept(self.name, self._kept, "laurel", binary)
        return find_program("laurel", binary, remedy=REMEDY)

    def find(self, binary: Path | None) -> Found:
        """Find Laurel; the version names both."""
        path = self._program(binary)
        _, words = answer_of([path, "--version"])
        return Found(path, f"{words or 'not told'} with auditd {find_auditd().version}")

    def start(self, setup: ConsumerSetup) -> AuditdRunning:
        """Start both, and wait until auditd is registered and Laurel rests."""
        assert setup.folder is not None
        folder = setup.folder.resolve()
        program = self._program(setup.binary)
        log = configure(folder, program)
        process = start_auditd(setup, find_auditd().path, "RAW")
        try:
            _await_plugin(process, program, folder / "laurel.output")
            return AuditdRunning(process, setup, log, log_of(process), records=log_records)
        except BaseException:
            AuditdRunning(process, setup).end()
            raise


AUDITD_LAUREL = LaurelConsumer(
    "auditd-laurel", "auditd with raw log, and Laurel as its plugin: a line of JSON per event"
)


def configure(folder: Path, program: Path) -> Path:
    """Make Laurel a plugin of the auditd of this folder; return the path of its log.

    Raises ChildFailedError with its own words if it refuses its configuration.
    """
    home, script, conf = folder / "laurel", folder / "laurel.sh", folder / "laurel.toml"
    for path in (home, folder / "plugins.d"):
        path.mkdir(mode=0o750, exist_ok=True)
    conf.write_text(CONF.format(folder=home), encoding="utf-8")
    output = folder / "laurel.output"
    script.write_text(SCRIPT.format(program=program, conf=conf, output=output), encoding="utf-8")
    plugin = folder / "plugins.d" / "laurel.conf"
    plugin.write_text(PLUGIN.format(script=script), encoding="utf-8")
    for path in (conf, script, plugin):
        path.chmod(0o640)
    code, words = answer_of([program, "--dry-run", "--config", conf])
    if code != 0:
        last = words.splitlines()[-1] if words else f"exit code {code}"
        raise ChildFailedError(f"laurel refused its configuration: {last}")
    return home / "audit.log"


def _await_plugin(process: ExternalProcess, program: Path, output: Path) -> None:
    """Wait until Laurel, which auditd starts before registering, runs as its child and rests."""
    name = program.name[:15]  # as much as the kernel keeps

    def is_up() -> bool:
        family = process.family()
        if len(family) == 1:
            raise ChildFailedError(f"{name} ended at once{_last_words(output)}")
        return name in family.values()

    process.wait_until(is_up, READY_TIMEOUT_S, f"start {name}")
    await_rest(Usage(process.family()), READY_TIMEOUT_S, while_waiting=process.refuse_dead)
    is_up()


def _last_words(output: Path) -> str:
    try:
        lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return f": {lines[-1][:200]}" if lines else ""
