"""Where the parts of one record are."""
