"""`auditbench export`: a stored run in the forms of other tools."""

from __future__ import annotations

from harness.errors import EXIT_FINE, UsageError
from harness.verbs.shared.parameters import RESULTS, JsonOfFiles, ResultsFolder, To

SCHEMA = "auditbench.export/2"


def export_verb(
    run: str = "latest",
    /,
    *,
    to: To = None,
    results: ResultsFolder = RESULTS,
    json: JsonOfFiles = False,
) -> int:
    """Write a stored run in the formats of other tools.

    Parameters
    ----------
    run
        A run: its folder, its name, `latest`, `latest~1` for the one before, or `@LABEL`.
    to
        FORM=FILE, or FORM for standard output; may be given several times. pyperf: a file for
        `python -m pyperf`. csv, parquet: one row per trial. junit: one test case per comparison.
        md: the result as Markdown. folded: sampled stacks, of a run with --profile.
    """
    from harness.answers.count import make_counted
    from harness.answers.result import make_result
    from harness.store import load_run
    from harness.verbs.shared.forms import Forms, print_content
    from harness.verbs.shared.naming import named_run
    from harness.verbs.shared.output import err, print_json
    from harness.verbs.shared.run_forms import (
        EXPORTED,
        counted_writers,
        require_libraries,
        run_writers,
    )

    forms = Forms(EXPORTED, to)
    if not to:
        raise UsageError("no form to write", remedy=f"add --to FORM=FILE: {', '.join(EXPORTED)}")
    if json:
        forms.require_files()
    require_libraries(forms.asked())
    stored = load_run(named_run(run, results), counted_too=True)
    notes: list[str] = []
    if stored.plan.is_counted:
        writers = counted_writers(stored, lambda: make_counted(stored))
    else:
        writers = run_writers(stored, lambda: make_result(stored), notes.append)
    written = forms.write_files(None, writers)
    if forms.printed:
        print_content(writers[forms.printed]())
    console = err()
    for note in (*(caution.one_line() for caution in stored.cautions), *dict.fromkeys(notes)):
        console.print(note, markup=False, soft_wrap=True)
    if json:
        print_json({"schema": SCHEMA, "run": stored.name, "written": written, "notes": notes})
    return EXIT_FINE
