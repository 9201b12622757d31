"""`python -m harness` is `auditbench`."""

from harness.cli import main

main()
