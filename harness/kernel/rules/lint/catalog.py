"""All kinds of findings by code; `docs/rules-lint.md` has an example of each."""

from __future__ import annotations

from harness.kernel.rules.lint import (
    cost,
    exclusions,
    keys,
    kinds,
    links,
    linter,
    lists,
    logins,
    never,
    programs,
    settings,
    shadows,
    source,
    twins,
    uring,
)

KINDS = {
    kind.code: kind
    for kind in (
        *(*kinds.KINDS, *source.KINDS, *settings.KINDS, *shadows.KINDS, *exclusions.KINDS),
        *(*never.KINDS, *twins.KINDS, *lists.KINDS, *logins.KINDS, *links.KINDS, *programs.KINDS),
        *(*keys.KINDS, *uring.KINDS, *cost.KINDS, *linter.KINDS),
    )
}
"""In the order in which the page has them."""
