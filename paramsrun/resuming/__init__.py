"""Going on with an earlier run: what it was, and what a new input changes in it."""
