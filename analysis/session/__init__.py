"""The contract that every session keeps, and how sessions are stored."""
