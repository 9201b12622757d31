"""Whether audit was ever enabled since boot, found out without enabling it.

Start at `probe`: it asks the kernel, then `kernel_memory`, and finally times children that
`fork_helper` forks (`fork_pair` is that program) until `verdict` decides. `locked_probe` is the
same for callers that do not hold the lock of runs.
"""
