"""What a kernel complains of on its console is heard while the guest goes on."""

from __future__ import annotations

import marshal
from importlib.util import MAGIC_NUMBER

from harness.guest.contents import AGENT, PYTHON_PATH, contents
from harness.guest.cpio import character_device, file, write_archive
from harness.guest.kernels.images import KernelImage
from harness.guest.together import Boot, run_guests

STALL = "rcu: INFO: rcu_sched self-detected stall on CPU"
IN_THE_AGENTS_PLACE = f"""
import ctypes, json, os, time
def say(event):
    os.write(line, json.dumps({{"event": event}}).encode() + b"\\n")
    time.sleep(1)
line = os.open("/auditbench/line", os.O_WRONLY | os.O_NOCTTY)
say("hello")
time.sleep(30)  # until then a kernel keeps such lines for later
log = os.open("/dev/kmsg", os.O_WRONLY)
os.write(log, b"<6>what {STALL} is called")
os.write(log, b"<3>{STALL}")
time.sleep(1)
say("trial")
say("done")
ctypes.CDLL(None).reboot(0x01234567)
"""
"""A line of the level that errors have, and one that `quiet` keeps off the console."""


def test_a_complaint_is_heard_and_the_guest_goes_on(kernel: KernelImage) -> None:
    code = marshal.dumps(compile(IN_THE_AGENTS_PLACE, "complaint", "exec"))
    entries = contents(("syscalls",))
    entries[f"{PYTHON_PATH}/{AGENT.replace('.', '/')}.pyc".encode()] = file(
        MAGIC_NUMBER + bytes(12) + code
    )
    entries[b"/dev/kmsg"] = character_device(1, 11)
    heard = [answer for _, answer in run_guests([Boot(kernel, write_archive(entries), 1)])]
    assert sorted(answer["event"] for answer in heard) == ["console", "hello", "trial"]
    (complaint,) = [answer for answer in heard if answer["event"] == "console"]
    (line,) = complaint["lines"]
    assert line.endswith(STALL)
