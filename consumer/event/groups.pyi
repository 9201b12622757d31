from typing import Any, final

@final
class Groups:
    def describe(
        self, native_arch: int, tree: bool
    ) -> tuple[dict[str, dict[str, Any]], dict[str, Any] | None]: ...
