"""One task a file: what a network is asked to learn."""
