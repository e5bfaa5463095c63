"""The compiled loops, and settled states and gradients in closed form."""

from errorneurons.simulate.store.places import compiler_cache

CACHED = compiler_cache()
"""Whether compiled code can be kept; asked here, before any module imports the compiler."""
