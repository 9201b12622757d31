"""Files of the user: every file that is read or written on behalf of the caller.

Measuring takes root; reading and writing the user's files does not. Under sudo they are opened with
the caller's rights, so that nobody reaches a file of others through this program, and new files
belong to the caller from the start. Folders are held open by descriptor: whatever another program
puts in their place meanwhile is not followed.
"""
