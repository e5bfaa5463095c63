"""One engine for all theories: `step` and `learn` are recorded, and run in one compiled loop."""

from errorneurons.simulate.store.places import compiler_cache

compiler_cache()  # before any module imports the compiler
