"""One trial, from the consumer's start to the stored sample.

Begin at `trial.py`: consumer and worker up, start marker, load, drain, read, down.
`said.py` and `worker_words.py` are the border to the child processes, `markers.py` and `pause.py`
what happens between them. `metrics.py` and `sample.py` lead from a trial's documents to what is
stored; `validity.py`, `speed.py` and `demanded_events.py` say what the trial is worth.
"""
