"""Loops written by hand for the four published theories: the tasks of small and of large networks.

`errorneurons.simulate.engine` executes every theory. On published networks these are two to three
times as fast, and more on a few large ones, where it works on eight networks at least.
"""

from errorneurons.simulate.store.places import compiler_cache

compiler_cache()  # before any module imports the compiler
