"""Turn values into bytes.

Tables, pages, pictures, documents. Nothing here judges or writes files.

Begin at `page.py`, which has what a report is made of, and `result.py`, which lays out what a run
says; then `render/`, which makes bytes of it for each medium. Files are named by verbs: `result.py`
(with a table or some sentences per subject from `parts/`, the answer from `answer.py` and
`questions/`), `compare.py`, `history.py`, `gate.py`, `ab.py`, `top.py`. The words of verdicts and
metrics are in `words.py` and nowhere else, numbers for people in `units.py`. `counts/` has the same
pages for runs that count instructions.

`documents/` makes the JSON that `docs/schema` describes, `export/` files of other tools, `html/`
the page of a report, `plots/` pictures, `live/` the view of a run; `rules/` are pages about rule
files. `report_text.py` is for mails, `plain_console.py` the last line of defence.
"""
