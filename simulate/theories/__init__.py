"""Theories: one a file, its equations at the head, and their registry."""
