"""Engines: what turns parameter values into the results of jobs; one file per member."""
