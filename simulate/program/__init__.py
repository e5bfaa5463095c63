"""One compiled loop for all theories: records what a theory does in a step, and executes it."""
