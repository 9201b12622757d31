"""What is known of a system call, from the records of its event or from a trace of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.kernel.rules.fields import FilterList
from harness.kernel.rules.matching.field_match import Call


@dataclass(frozen=True, slots=True)
class Touched:
    """A file that a call touched.

    `path` is absolute and without dots; None where only `base`, its last part, is known, or not
    even that. `known` has the numbers of its PATH record: inode, devmajor, devminor, ouid, ogid,
    mode, rdevmajor, rdevminor. `exists` is False for a name that led nowhere. `follows` is whether
    the call follows a link in the last part; `certain` whether it surely came as far as the file.
    """

    path: str | None
    base: str | None = None
    known: Mapping[str, int] = field(default_factory=dict)
    follows: bool = True
    certain: bool = True
    exists: bool = True
    link_of: int | None = None
    """Names of one call with the same number here are names of one file."""

    @property
    def identity(self) -> tuple[object, ...] | None:
        """What is the same for all names of one file; None where that is unknown."""
        if self.link_of is not None:
            return ("link", self.link_of)
        if "inode" in self.known:
            return tuple(self.known.get(name) for name in ("devmajor", "devminor", "inode"))
        return None


@dataclass(frozen=True, slots=True)
class Seen:
    """A system call as a rule may test it; None is unknown.

    `names` are the files in the order in which the kernel looks at them; `complete` is whether
    there are no others. `returned` is False for a call that never returned. `live` means that the
    call was just made on this host, so that its files may be looked at; `elsewhere` that it was
    made on another one. `where` is the list that decides.
    """

    call: Call
    names: tuple[Touched, ...] | None
    complete: bool = True
    returned: bool = True
    live: bool = False
    elsewhere: bool = False
    where: FilterList = FilterList.EXIT
    open_flags: int | None = None
    """Those of openat2, which are in no argument."""
