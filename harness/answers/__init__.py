"""Read stored runs and judge them. Nothing here reaches a kernel or starts a process."""
