"""Claims x sessions: verdicts."""
