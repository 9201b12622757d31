"""Files of the user: every file that is read or written on behalf of who called.

Measuring takes root, reading and writing the user's files does not. Under sudo they are opened with
the caller's rights, so that nobody gets at a file through this program that is not theirs, and what
is written belongs to who asked for it without changing hands. Folders are held open by descriptor:
what another program puts in their place meanwhile is not followed.
"""
