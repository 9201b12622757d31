"""The doctor's checks, a file per group. They judge and read nothing."""
