"""The registry of published results: a tuple written by hand.

To add one, write its file beside this one, and one entry here.
"""

from __future__ import annotations

from errorneurons.simulate.published import (
    balancing,
    classifying,
    drawing,
    matching,
    scaling,
    teaching,
    transfer,
)
from errorneurons.simulate.published.result import PublishedResult
from errorneurons.simulate.refusing import entry

PUBLISHED_RESULTS: tuple[PublishedResult, ...] = (
    balancing.RESULT,
    matching.RESULT,
    teaching.RESULT,
    classifying.RESULT,
    drawing.POPULATION_SIZES,
    drawing.VARIABILITY,
    scaling.RESULT,
    transfer.RESULT,
)


def published_result(name: str) -> PublishedResult:
    """Return a published result by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("published result", name, {r.name: r for r in PUBLISHED_RESULTS})
