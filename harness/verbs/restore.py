"""`auditbench restore`: give the host's audit state back by hand."""

from __future__ import annotations

from harness.errors import EXIT_FINE
from harness.verbs.shared.parameters import Json, To


def restore_verb(*, to: To = None, json: Json = False) -> int:
    """Restore the host's audit state after a crash that the guard did not survive either.

    Parameters
    ----------
    to
        Write what was restored as json=FILE, or print it as json.
    """
    from harness.files.scratch import remove_abandoned
    from harness.kernel.lease.lease import restore
    from harness.plain import plain
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    repaired = [*restore(), *remove_abandoned()]
    words = repaired or ["nothing to restore: no run since boot left its state behind"]
    forms.deliver(
        lambda: out().print("\n".join(map(plain, words)), markup=False, soft_wrap=True),
        lambda: {"schema": "auditbench.restore/1", "repaired": repaired},
    )
    return EXIT_FINE
