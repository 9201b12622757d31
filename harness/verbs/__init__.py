"""The verbs of the command line, one file each. Thin: they ask, call and print."""
