"""In a guest: rules and settings are given to the kernel, and what it refuses is told."""

from __future__ import annotations

import errno
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from harness.errors import KernelAnswerError
from harness.kernel.client import AuditClient

Say = Callable[..., None]


def load(document: dict[str, Any], say: Say) -> None:
    """Do what a load order says: `files`, each a list of lines with `rule` or `settings`.

    Says `loaded` for each file, with `refused`: the place of a line in it and an errno. A rule that
    is there already is no new one, and not refused for what it is.
    """
    with AuditClient() as client:
        for index, lines in enumerate(document["files"]):
            for rule in client.list_rules():
                client.delete_rule(rule)
            refused = []
            for place, line in enumerate(lines):
                try:
                    _give(client, line)
                except KernelAnswerError as error:
                    if error.errno != errno.EEXIST:
                        refused.append((place, error.errno))
            say("loaded", index=index, refused=refused)


def _give(client: AuditClient, line: dict[str, Any]) -> None:
    client.set_statuses([(name, value) for name, value in line["settings"]])
    if line["rule"] is not None:
        client.add_rule(b64decode(line["rule"]))
