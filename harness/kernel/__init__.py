"""The kernel's audit control interface, and the lease that borrows its state and gives it back.

Begin at `client.py`: each request to the kernel's audit is one method. It speaks through
`netlink.py`, with the numbers and layouts of `messages.py`; `status.py` and `refusals.py` say what
answers and error numbers mean.

`rules/` turns rules from text into the kernel's bytes and back, as auditctl does. Begin there at
`file.py` for a whole file, at `text.py` for one line. `rules/checks/` finds what the kernel would
refuse of a rule, and what would never match, before anything is loaded; `rules/lint/` what the
rules of a file or folder do to each other; `rules/matching/` which of them a load can match;
`rules/explain/` which of them wrote an event.

`lease/` changes the host's audit state and gives it back, whatever happens. Begin there at
`lease.py`; `guard.py` is the process that gives back when the harness is dead.
"""
