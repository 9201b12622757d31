"""What adapters of other people's programs share.

Programs are found (`program.py`, `download.py`), watched and accounted for (`running.py`,
`usage.py`), and what they wrote is put together to events again (`reassemble.py`).
"""
