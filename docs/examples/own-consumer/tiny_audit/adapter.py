"""What auditbench has to know of tiny-audit: how it is configured, started and read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from auditbench.consumers import (
    ConsumerAbsentError,
    ConsumerSetup,
    OwnCommand,
    OwnConsumer,
    RunningConsumer,
    find_program,
    read_mapping,
)

CONFIG = "tiny.json"
OUTPUT = "events.json"
MAPPING = read_mapping("tiny-audit", "serial=seq,time=ts,type=kind,text=text")


class TinyAudit(OwnConsumer):
    """tiny-audit with its output in a file of the trial's private folder."""

    changes = ""  # it changes nothing of the kernel's audit but who is the daemon

    def __init__(self) -> None:
        words = ("tiny-audit", "--config", f"{{folder}}/{CONFIG}")
        program = _program()
        super().__init__("tiny-audit", OwnCommand(words, OUTPUT, mapping=MAPPING), program)
        self.summary = "tiny-audit, events to a file as JSON"

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Write its configuration, and start it as any program of its kind is started."""
        assert setup.folder is not None
        config = {"output": OUTPUT, "receive_buffer_bytes": setup.rcvbuf_bytes or 16 << 20}
        (setup.folder / CONFIG).write_text(json.dumps(config), encoding="utf-8")
        return super().start(setup)


def _program() -> Path | None:
    """Beside the interpreter that runs auditbench; None leaves it to the PATH."""
    try:
        here = Path(sys.executable).with_name("tiny-audit")
        return find_program("tiny-audit", here if here.exists() else None, remedy="pip install .")
    except ConsumerAbsentError:
        return None
