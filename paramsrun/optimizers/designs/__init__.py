"""Orthogonal arrays: which combinations of levels to try so that few tell much."""
