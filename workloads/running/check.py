"""Whether a load could be run as requested: everything that a worker checks before it begins.

For callers that must know it before they change anything. No process is started and no call of the
load is made; the target of datagrams is tried as the worker tries it, and closed again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from workloads.running.options import Options, parse_options
from workloads.running.programs import find_program


def check_load(words: Sequence[str]) -> None:
    """Raise WorkloadError if a worker would refuse this command line of `python -m workloads`."""
    options, info = parse_options(words)
    if options.program:
        find_program(options.program)
    if options.command and info.name == "command":
        find_program(options.command[0])
    if options.service:
        _check_service(options.service)
    if info.sends:
        _check_sink(options)


def _check_sink(options: Options) -> None:
    from workloads.running import sink as _sink  # noqa: PLC0415 - it needs the extensions, and not all loads do

    if options.netns:
        # The caller must stay in its own namespace, so only the name can be checked.
        os.close(_sink.open_namespace(options.netns))
        if options.address:
            _sink.check_address(options.address)
        return
    _sink.open_sink(options).socket.close()


def _check_service(word: str) -> None:
    from workloads.services.file import read_service  # noqa: PLC0415 - only services need it
    from workloads.services.programs import account_of, find_programs  # noqa: PLC0415

    service = read_service(word)
    find_programs(service)
    account_of(service.file)
