"""Options that had another name: what to write instead of each."""

from __future__ import annotations

_EVERYWHERE = {
    "--format": "--to FORM",
    "--csv": "--to csv",
    "--junit": "--to junit=FILE",
    "--markdown": "--to md=FILE",
    "--output-json": "--to json=FILE",
}
_OUTPUT = {
    **dict.fromkeys(("run", "show", "ab", "gate"), "--results DIR"),
    **dict.fromkeys(("compare", "export"), "--to FORM=FILE"),
    "history": "--to svg=FILE",
}
"""What `-o` and `--output` are now, where no file is the verb's purpose."""


def instead_of(verb: str, word: str) -> str | None:
    """What to write in place of an option that a verb no longer has; None where it never had it."""
    option = word.partition("=")[0]
    if option == "--live" and verb == "top":
        return "--listen"
    if option in ("-o", "--output"):
        return _OUTPUT.get(verb)
    return _EVERYWHERE.get(option)
