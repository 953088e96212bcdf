"""Typed settings: what each key accepts, and reading a located tree into frozen dataclasses."""
