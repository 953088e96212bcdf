"""The commands; no science."""
