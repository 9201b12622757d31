"""pyroute2's netlink message classes without the rest of pyroute2.

`import pyroute2` loads everything it offers (asyncio, multiprocessing, 60 modules): 0.2 s that
the guard, which must run before the first change, and `auditbench status` cannot spare. The
audit control socket needs two of its modules. So the package is entered into `sys.modules`
with its own `__init__` deferred until a name of the package itself is used; its submodules are
found as usual. If pyroute2 is already imported, nothing is done.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

__all__ = ["Marshal", "nlmsg", "nlmsgerr"]

_PACKAGE = "pyroute2"


class _PutOffPackage(ModuleType):
    """A package whose `__init__` runs at the first use of a name that is no submodule."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        if spec is None or spec.loader is None or (name[:2] == "__" and name != "__version__"):
            raise AttributeError(name)
        if importlib.util.find_spec(f"{_PACKAGE}.{name}") is not None:
            return importlib.import_module(f"{_PACKAGE}.{name}")
        object.__setattr__(self, "__class__", ModuleType)  # from here on an ordinary package
        spec.loader.exec_module(self)
        return getattr(self, name)


def _enter_package() -> None:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {_PACKAGE!r}", name=_PACKAGE)
    package = _PutOffPackage(_PACKAGE)
    package.__spec__ = spec
    package.__loader__ = spec.loader
    package.__file__ = spec.origin
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[_PACKAGE] = package


if _PACKAGE not in sys.modules:
    _enter_package()

from pyroute2.netlink import nlmsg, nlmsgerr  # type: ignore[import-untyped]  # noqa: E402
from pyroute2.netlink.marshal import Marshal  # type: ignore[import-untyped]  # noqa: E402
