"""Write the manual pages and the completions of three shells into share/, from where they are
packaged: `python packaging/share.py [FOLDER]`, in the tree, where cyclopts and rich are installed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from harness.verbs.completion import completion_script  # noqa: E402
from harness.verbs.shared.manual import pages  # noqa: E402

COMPLETIONS = {
    "bash": "bash-completion/completions/auditbench",
    "zsh": "zsh/site-functions/_auditbench",
    "fish": "fish/vendor_completions.d/auditbench.fish",
}


def main(folder: Path) -> None:
    """Write all of it below a folder."""
    texts = {f"man/man1/{name}": text for name, text in pages().items()}
    for shell, name in COMPLETIONS.items():
        texts[name] = completion_script(shell)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "share")
