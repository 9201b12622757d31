"""`auditbench completion`: what a shell needs to complete the command line."""

from __future__ import annotations

from typing import Literal

from harness.errors import EXIT_FINE

Shell = Literal["bash", "zsh", "fish"]


def completion_verb(shell: Shell, /) -> int:
    """Print what a shell needs to complete verbs, options and names.

    Parameters
    ----------
    shell
        The shell that is to read it.
    """
    from harness.verbs.shared.output import print_text

    print_text(completion_script(shell))
    return EXIT_FINE


NO_FILES = "complete -c auditbench -n __fish_use_subcommand -f\n"
"""In fish: where a verb is to be typed, no file can stand."""


def completion_script(shell: Shell) -> str:
    """The script. zsh loads a function from a file of its name, ours from `_auditbench`."""
    from harness.cli import app

    script = app.generate_completion(shell=shell).replace("_cyclopts_auditbench", "_auditbench")
    return f"{script.rstrip()}\n{NO_FILES}" if shell == "fish" else script
