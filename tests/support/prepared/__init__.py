"""Command lines as processes that are forked from one which has loaded the program already.

Starting Python and loading the program takes longer than most command lines do.
"""
