"""pyroute2 is loaded in parts, and stays whole for those who want all of it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_client_loads_neither_asyncio_nor_multiprocessing() -> None:
    loaded = run(
        "import sys, harness.kernel.lease.lease; print(*(name for name in ("
        "'asyncio', 'multiprocessing', 'pyroute2.iproute', 'msgspec', 'numpy', 'ssl')"
        " if name in sys.modules))"
    )
    assert loaded == ""


@pytest.mark.parametrize(
    "use",
    [
        "from pyroute2 import IPRoute, NetNS; IPRoute.__name__",
        "import pyroute2; pyroute2.IPRoute.__name__; pyroute2.__version__",
        "from pyroute2.netlink.connector.cn_proc import ProcEventSocket",
        "from pyroute2 import netns; netns.create",
        "import pyroute2.iproute; from pyroute2 import NetlinkError",
    ],
)
def test_the_rest_is_there_for_others(use: str) -> None:
    run(f"import harness.kernel.client\n{use}")
    run(f"{use}\nimport harness.kernel.client")


def test_a_name_it_does_not_have_is_still_an_error() -> None:
    run(
        "import harness.kernel.client, pyroute2\n"
        "try:\n    pyroute2.no_such_name\n"
        "except AttributeError:\n    pass\n"
        "else:\n    raise SystemExit('found')"
    )


def test_a_package_loaded_before_is_left_as_it_is() -> None:
    run(
        "import pyroute2, sys\nwhole = sys.modules['pyroute2']\nimport harness.kernel.client\n"
        "assert sys.modules['pyroute2'] is whole"
    )
