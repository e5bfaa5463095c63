"""Theories, what is done to them, and the engine; emits sessions, knows no measure and no claim."""
