"""Neurodata Without Borders: files in, sessions out."""
