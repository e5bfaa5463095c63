"""Which claims are meant by a key that is none; this needs no more than their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGINNING = 5
"""Letters by which words are alike: silence, silencing, silent."""


def claims_meant(key: str, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Return a key that is none -> the claims that are meant by it, if any.

    Parameters
    ----------
    key
        What was given: a key without its zero, or words.
    names
        Key of a claim -> its name.

    Examples
    --------
    >>> names = {"P02": "error cells are silent", "P06a": "inference survives"}
    >>> claims_meant("p2", names), claims_meant("silence", names)
    ({'p2': ['P02']}, {'silence': ['P02']})
    """
    short = {f"{known[0]}{known[1:].lstrip('0')}": known for known in names}
    if key.upper() in short:
        return {key: [short[key.upper()]]}
    asked = _beginnings(key)
    shared = {known: len(asked & _beginnings(name)) for known, name in names.items()}
    most = max(shared.values(), default=0)
    return {key: [known for known, count in shared.items() if count == most > 0]}


def _beginnings(words: str) -> set[str]:
    return {word[:_BEGINNING] for word in re.findall(r"[a-z]{4,}", words.lower())}
