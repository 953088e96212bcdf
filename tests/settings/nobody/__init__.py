"""A package of members without any."""
