"""Extractors: what a data set entry reads from a job's results; one file per member."""
