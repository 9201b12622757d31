"""A page as bytes: one file for each medium. HTML, which has pictures too, is in `../html`."""
