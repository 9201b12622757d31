"""The parts of the page of a result: a table or some sentences per subject."""
