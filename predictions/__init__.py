"""Claims that can fail, verdicts on them, and reports for people."""
