"""The built-in audit consumer: netlink datagrams in, counters and events out.

Begin at `run.py`, which follows one run from its options to its result. Then follow a record:
`receiving/` takes it from the socket, and says what each depth does with it; `record/` locates its
head and fields as offsets; `event/` puts records together to events and judges them: whole,
partial, lost; `output/` writes lines of audit.log, and captures. Nothing is allocated on that way.

`text/` decodes events for people. `log/` reads audit.log files and sums them up; nothing else uses
it. `twin/` says in plain Python what `record/` and `event/` have to say: the tests hold them to it.
`c/` declares C headers. README.md describes the commands, the result and the bounds.
"""
