"""The compiled loops, and settled states and gradients in closed form."""

from errorneurons.simulate.store.places import compiler_cache

compiler_cache()  # before any module imports the compiler
