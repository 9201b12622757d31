"""Load generators: programs that load the machine while audit is watching."""
