"""Theories of cortical error signalling, recordings, and the same tests for both.

`errorneurons.simulate` runs circuits, `errorneurons.analysis` reads and measures activity,
`errorneurons.predictions` holds claims that can fail and writes reports.
"""

__version__ = "0.1.0"
