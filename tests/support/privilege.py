"""Commands with less privilege than root, for tests that run as root."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.support.programs import program

NO_USER_NAMESPACE = "this kernel makes no user namespace here"
"""The reason of a skip in a root changed by chroot(2), or where namespaces are switched off."""
AS_NOBODY = (
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
)  # fmt: skip
"""Nobody, but able to read everything: the interpreter may be in root's home."""
WITHOUT_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root by name only."""


def unprivileged(wrapper: tuple[str, ...]) -> tuple[str, ...]:
    """The start of a command line that gives up privilege; empty where there is none to give up."""
    if os.geteuid() != 0:
        return ()
    return (program(wrapper[0]), *wrapper[1:])


def require_user_namespace() -> None:
    """Skip the test where `unshare --user` is refused whatever the privilege."""
    tried = subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"{NO_USER_NAMESPACE} ({tried.stderr.decode().strip()})")
