"""Reads and measures activity; knows no theory and no claim."""
