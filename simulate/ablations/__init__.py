"""Taking parts of a circuit away, and what that does."""
