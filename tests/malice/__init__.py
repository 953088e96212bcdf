"""Attempts to make the program execute, read or overwrite what it should not, by what it loads."""
