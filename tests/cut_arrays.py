"""Mapping files of arrays that have been cut out, shared by tests of readers."""

from __future__ import annotations

TRIALS, BINS, UNITS = 12, 6, 5
REST = """
[session]
animal = { constant = "m1" }
session_id = { constant = "s1" }
[trial]
stimulus = "kind"
input_onset = { constant = 0.0 }
[unit]
area = "region"
role = { constant = "unknown" }
"""
CUT = """
[signal]
values = "counts"
dims = ["trial", "time", "unit"]
units = "count"
[events]
start = -0.1
bin_width = 0.05
"""
