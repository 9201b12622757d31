"""Whether this kernel still counts rules that are gone, for which every syscall pays."""
