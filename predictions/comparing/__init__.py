"""Recordings beside virtual experiments of the same design."""
