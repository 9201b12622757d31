"""Where the kernel spends its time: call chains, sampled by its software clock."""
