"""`auditbench doctor`: what this host is, and whether it is fit."""

from __future__ import annotations

from dataclasses import asdict

from harness.errors import EXIT_FINE, EXIT_HOST_UNFIT
from harness.verbs.shared.parameters import Json, To


def doctor_verb(*, to: To = None, json: Json = False) -> int:
    """Check whether this host is fit to measure on; exit code 4 if it is not.

    Parameters
    ----------
    to
        Write the diagnosis as json=FILE, or print it as json.
    """
    from harness.host.doctor import diagnose
    from harness.reporters.doctor import doctor_page
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    diagnosis = diagnose()
    forms.deliver(
        lambda: render_page(doctor_page(diagnosis), out()),
        lambda: {"schema": "auditbench.doctor/1", **asdict(diagnosis)},
    )
    return EXIT_FINE if diagnosis.fit else EXIT_HOST_UNFIT
