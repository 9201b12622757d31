"""What a counted run knows beside its samples: its guests, and what went wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import msgspec

from harness.guest.kernels.images import KernelImage
from harness.guest.together import Answer
from harness.model.caution import Caution
from harness.model.count import FAILED_GUEST
from harness.model.stored.environment import StoredGuest

CONSOLE_COMPLAINT: Final = "console-complaint"


def stored_guest(image: KernelImage, emulator: str, name: str = "") -> StoredGuest:
    """A guest of this kernel before it runs; `name` is what the kernel is called in a run."""
    return StoredGuest(
        name=name,
        kernel=image.release,
        sha256=image.sha256,
        source=image.source,
        emulator=emulator,
        machine=image.machine.name,
    )


def greeted(guest: StoredGuest, answers: Iterable[Mapping[str, Any]]) -> StoredGuest:
    """The guest with the version that its kernel says first of all."""
    hello = next((answer for answer in answers if answer["event"] == "hello"), {})
    return msgspec.structs.replace(guest, kernel_version=str(hello.get("version", "")))


class CountedFacts:
    """The environment of a counted run as it becomes known; `store` writes it each time.

    Nothing is written before the first time, so that a run that cannot begin leaves nothing.
    """

    def __init__(
        self,
        images: Mapping[str, KernelImage],
        emulator: str,
        environment: dict[str, Any],
        store: Callable[[dict[str, Any]], None],
    ) -> None:
        self._environment, self._store = environment, store
        self._cautions: dict[str, Caution] = {}
        self._guests = {name: stored_guest(each, emulator, name) for name, each in images.items()}
        self.is_written = False

    def write(self) -> None:
        """Store all that is known."""
        self.is_written = True
        guests = [msgspec.structs.asdict(guest) for guest in self._guests.values()]
        cautions = [asdict(caution) for caution in self._cautions.values()]
        self._store(
            {
                **self._environment,
                "guests": guests,
                "cautions": [*self._environment.get("cautions", ()), *cautions],
            }
        )

    def hello(self, kernel: str, answer: Answer) -> None:
        """A guest of this kernel runs, and says which one it is."""
        self._guests[kernel] = msgspec.structs.replace(
            self._guests[kernel], kernel=answer["release"], kernel_version=answer["version"]
        )
        self.write()

    def failed(self, answer: Answer) -> Caution:
        """A guest did not measure all that it was to."""
        return self._warn(Caution(FAILED_GUEST, answer["message"], answer["remedy"]))

    def complained(self, kernel: str, during: str, answer: Answer) -> Caution:
        """A kernel said on its console that something is wrong."""
        said = "; ".join(answer["lines"])
        return self._warn(Caution(CONSOLE_COMPLAINT, f"Linux {kernel} complained {during}: {said}"))

    @property
    def failures(self) -> list[Caution]:
        """The guests that failed."""
        return [c for c in self._cautions.values() if c.name == FAILED_GUEST]

    def _warn(self, caution: Caution) -> Caution:
        self._cautions[caution.what] = caution
        self.write()
        return caution
