"""The kinds of findings about one line: what auditctl or the kernel refuses, and known traps.

The code is that of the fault (`FaultError`) or warning (`RuleWarning`) which the parser and the
checks make.
"""

from __future__ import annotations

from harness.kernel.rules.lint.finding import Kind

_STOPS = "auditctl stops there, and the lines below are not loaded; with -i it skips the line."
_WORDS = "auditctl takes the character for part of a word, so the line means something else."
_NEVER = "The rule is accepted and listed, and what it is meant for is never recorded."

ENCODING = Kind("encoding", "error", "a file in UTF-16 or UTF-32", "auditctl reads no line of it.")
UNLOADED = Kind(
    "not-loaded",
    "error",
    "the rules below the first bad line",
    "auditctl stops at the first bad line, and the host runs with the rules above it only.",
)
_FAULTS = (
    Kind("line-refused", "error", "a line that auditctl refuses", _STOPS),
    Kind(
        "unknown-syscall",
        "error",
        "a syscall that this architecture does not have",
        f"Calls differ between architectures. {_STOPS}",
    ),
    Kind("refused", "error", "a rule or setting that the kernel refuses (EINVAL)", _STOPS),
    Kind(
        "path-missing",
        "error",
        "a watch on what is not there",
        f"The kernel answers ENOENT. {_STOPS}",
    ),
    Kind(
        "unknown-account",
        "error",
        "a user or group that this host does not have",
        f"auditctl wants a name that it can look up, or a number. {_STOPS}",
    ),
    Kind("duplicate", "error", "the same rule twice", f"The kernel answers EEXIST. {_STOPS}"),
    Kind(
        "nothing-to-delete",
        "error",
        "a -d or -W for a rule that is not there",
        f"The kernel answers ENOENT. {_STOPS}",
    ),
)
_CHARACTERS = (
    Kind("byte-order-mark", "error", "a byte order mark", _WORDS),
    Kind("carriage-return", "error", "a line that ends as on Windows", _WORDS),
    Kind("tab", "error", "a tab between words", _WORDS),
    Kind("odd-space", "error", "a space that is not U+0020", _WORDS),
    Kind("dash", "error", "a typographic dash", _WORDS),
    Kind("quotes", "error", "quotation marks", f"{_WORDS} There is no quoting, only `\\ `."),
)
_TRAPS = (
    Kind("number", "warning", "a value that is read as another number", "C reads what it can."),
    Kind("dropped", "warning", "words that auditctl drops", "They have no effect."),
    Kind("possible", "warning", "the action possible", "auditctl ignores the line."),
    Kind("no-rule", "warning", "a command that only prints", "It has no effect in a rule file."),
    Kind("task-field", "warning", "a task rule with a field that a new task lacks", _NEVER),
    Kind(
        "arch-missing",
        "warning",
        "-S without arch",
        "Syscall numbers differ: the rule also records other calls of 32-bit programs.",
    ),
    Kind("no-field", "warning", "a user or exclude rule without fields", "It matches nothing."),
    Kind(
        "key-on-record-list",
        "warning",
        "a key on a user or exclude rule",
        "The kernel stops at it, keeps the record, and does not look at the rules after it.",
    ),
    Kind(
        "field-not-evaluated",
        "warning",
        "a field that user and exclude rules cannot have",
        "The kernel stops at it, keeps the record, and does not look at the rules after it.",
    ),
    Kind(
        "exit-unsigned",
        "warning",
        "exit compared by < or >",
        "The kernel compares without sign: an error counts as more than any success.",
    ),
    Kind(
        "path-literal",
        "warning",
        "a wildcard or .. in a path",
        "The kernel takes a path literally, so the rule is for a file of that name.",
    ),
    Kind(
        "watch-symlink",
        "warning",
        "a watch on a symbolic link",
        "The kernel watches the link itself, not what it points to.",
    ),
    Kind(
        "dir-is-a-file",
        "warning",
        "dir= with a file",
        "The kernel watches this file, and not the name once another file takes it.",
    ),
    Kind(
        "exe-symlink",
        "warning",
        "exe= with a symbolic link",
        "The kernel compares the file that runs, which is never a link.",
    ),
    Kind("exe-missing", "warning", "exe= with a program that is not there", "It matches nothing."),
)
FAULTS = {kind.code: kind for kind in (*_FAULTS, *_CHARACTERS)}
TRAPS = {kind.code: kind for kind in (*_TRAPS, *_CHARACTERS)}
KINDS = (ENCODING, UNLOADED, *_FAULTS, *_CHARACTERS, *_TRAPS)
