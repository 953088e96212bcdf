"""Fit the parameters of expensive models from one input file."""

__version__ = "0.1.0"
