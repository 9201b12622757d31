"""The verbs of the command line, one file each. Thin: they parse, call and print."""
