"""Load generators: what presses the machine while audit watches."""
