"""`python -m auditbench` is `auditbench`."""

from auditbench.start import main

main()
