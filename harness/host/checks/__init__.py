"""The doctor's checks, a file per group, in `catalog`'s order. They judge and read nothing."""
