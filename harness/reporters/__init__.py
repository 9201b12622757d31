"""Turn values into bytes.

Tables, pages, pictures, documents. Nothing here judges or writes files.

Begin at `terminal.py`: what `auditbench run` and `show` print of a result, with the answer in words
from `answer.py`. What other verbs print is in files by their names: `compare.py`, `history.py`,
`gate.py`, `ab.py`, `top.py`. The words of verdicts and metrics are in `words.py` and nowhere else,
numbers as people read them in `units.py`.

`page.py` has what a report is made of, laid out once; `render/` makes bytes of it, a file for each
medium. `documents/` makes the JSON that `docs/schema` describes, `export/` files of other tools,
`html/` the page of a report, `plots/` pictures, `live/` the view of a run while it goes on.
`markdown.py` and `report_text.py` are for mails and pull requests. `plain_console.py` is the last
line of defence against control characters in names that others chose.
"""
