"""Recordings of others: a folder or a file for each kind of file."""
