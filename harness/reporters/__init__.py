"""Turn values into bytes.

Tables, pages, pictures, documents. Nothing here judges or writes files.

Begin at `page.py`, which has what a report is made of, and `compare.py`, which lays one out; then
`render/`, which makes bytes of it for each medium. Files are named by verbs: `compare.py`,
`history.py`, `gate.py`, `ab.py`, `top.py`; what `run` and `show` print of a result is in
`terminal.py`, with the answer in words from `answer.py`. The words of verdicts and metrics are in
`words.py` and nowhere else, numbers as people read them in `units.py`.

`documents/` makes the JSON that `docs/schema` describes, `export/` files of other tools, `html/`
the page of a report, `plots/` pictures, `live/` the view of a run while it goes on. `markdown.py`
and `report_text.py` are for mails and pull requests. `plain_console.py` is the last line of defence
against control characters in names that others chose.
"""
