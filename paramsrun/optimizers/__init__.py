"""Optimizers behind one ask/tell contract; one file per member."""
