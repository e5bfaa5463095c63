"""One claim a file, each with one module-level `CLAIM`."""
