"""Which claims are meant by a key that is none; this needs no more than their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from errorneurons.simulate.refusing import EntryT, entry

_BEGINNING = 5
"""Letters by which words are alike: silence, silencing, silent."""
_LIKENESS = 0.4
"""How much of a key must agree to be offered instead; keys are short."""


def claim_among(claims: Mapping[str, EntryT], key: str, names: Mapping[str, str]) -> EntryT:
    """Return a claim, or what stands for it, by its key.

    Parameters
    ----------
    claims
        By key.
    key
        What was given.
    names
        Key of a claim -> its name.

    Raises
    ------
    ValueError
        If there is none, with the keys that are meant by it.
    """
    meant = claims_meant(str(key), names)
    return entry("claim", key, claims, likeness=_LIKENESS, synonyms=meant)


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
