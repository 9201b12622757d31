"""What pytest loads: the plugin in harness/pytest_plugin, if that package is ours.

Another package called `harness`, such as one in the repository under test, must not end every
pytest on the host with a traceback.
"""

from __future__ import annotations

import pytest

from auditbench.clash import find_clash

_clash = find_clash()
if _clash is not None and _clash.is_fatal:
    raise pytest.UsageError(f"{_clash.text}; to go on without: pytest -p no:auditbench")

pytest_plugins = ("harness.pytest_plugin",)
