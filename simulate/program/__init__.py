"""One compiled loop for all theories: records what a theory does in a step, and executes it."""

from errorneurons.simulate.store.places import compiler_cache

compiler_cache()  # before any module imports the compiler
