"""Refusing impossible parameters: each refusal says what, where, what was found and the mend."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np

from errorneurons.simulate.arrays import PerNetwork

EntryT = TypeVar("EntryT")
_SHOWN = 60
"""Characters of what was found that are shown."""
_ALMOST = 0.85
"""How like a name is what differs from it by a letter or two."""
_TELLING = 4
"""Letters that a synonym, or what was given, has at least to be looked for in the other."""
_FEWEST_TO_TRY = {"animals": 2, "cells": 2, "trials": 2, "areas": 1}
"""With one animal, cell or trial nothing is known of how much they differ."""


def known(what: str, found: object, names: Collection[str]) -> None:
    """Refuse a name that is not on the list.

    Raises
    ------
    ValueError
        If `found` is unknown; the message names the nearest known one.
    """
    if isinstance(found, str) and found in names:
        return
    near = _nearest(found, names)
    mend = f"did you mean {near!r}?" if near else f"choose one of {', '.join(sorted(names))}"
    raise ValueError(f"{what} is {found!r}, which is unknown; {mend}")


def entry(
    kind: str,
    name: object,
    entries: Mapping[str, EntryT],
    likeness: float = 0.6,
    synonyms: Mapping[str, Sequence[str]] | None = None,
) -> EntryT:
    """Return an entry of a registry by its name.

    Parameters
    ----------
    kind
        What the entries are, in the singular.
    name
        What the user gave.
    entries
        The registry, by name.
    likeness
        How much of a name must agree, 0 to 1, to be offered instead.
    synonyms
        What people call the entries, in lower case -> the names that are meant.

    Raises
    ------
    ValueError
        If there is none of that name; the message offers what is meant by it, else the nearest
        name, or names all.
    """
    if isinstance(name, str) and name in entries:
        return entries[name]
    meant = _meant(str(name), synonyms or {}, entries)
    near = [n for n in (_nearest(name, entries, likeness),) if n is not None]
    offered = " or ".join(map(repr, [n for n in meant if n in entries] or near))
    hint = f"did you mean {offered}?" if offered else f"known are {', '.join(entries)}"
    raise ValueError(f"there is no {kind} {in_short(name)}; {hint}")


def _meant(
    found: str, synonyms: Mapping[str, Sequence[str]], names: Collection[str]
) -> Sequence[str]:
    """Return the names that are meant by a word: by itself, or by the longest synonym in it."""
    text = _letters(found)
    known = {_letters(word): meant for word, meant in synonyms.items()}
    if text in known or difflib.get_close_matches(found.lower(), names, n=1, cutoff=_ALMOST):
        return known.get(text, ())
    inside = [word for word in known if len(word) >= _TELLING and word in text]
    around = [word for word in known if len(text) >= _TELLING and word.startswith(text)]
    return known.get(max(inside or around, key=len, default=""), ())


def _letters(words: str) -> str:
    """Return words without what stands between them: `Rao & Ballard` is `raoballard`."""
    return re.sub(r"\band\b|[^a-z]", "", words.lower().replace("_", " "))


def _nearest(found: object, names: Collection[str], likeness: float = 0.6) -> str | None:
    """Return the name that is most like what was given, else the shortest that holds it."""
    text, lower = str(found).lower(), {name.lower(): name for name in names}
    near = difflib.get_close_matches(text, lower, n=1, cutoff=likeness)
    holding = [name for name in lower if len(text) > 1 and text in name]
    closest = near[0] if near else min(holding, key=len, default=None)
    return None if closest is None else lower[closest]


def in_short(found: object) -> str:
    """Return what was found as a refusal shows it: short, and in one line."""
    text = repr(found)
    return text if len(text) <= _SHOWN and "\n" not in text else f"a {type(found).__name__}"


def a_list(what: str, found: object) -> None:
    """Refuse one where several are expected: the letters of a name are no names.

    Raises
    ------
    ValueError
        If `found` is text or no collection.
    """
    if isinstance(found, str) or not isinstance(found, Collection):
        raise ValueError(f"{what} is {in_short(found)}; give a list, [{in_short(found)}]")


def whole_number(what: str, found: object, least: int) -> None:
    """Refuse what is no whole number, or too small.

    Raises
    ------
    ValueError
        If `found` is not a whole number of `least` or more.
    """
    if isinstance(found, bool) or not isinstance(found, int | np.integer) or found < least:
        raise ValueError(f"{what} is {in_short(found)}; give a whole number of {least} or more")


def numbers_to_try(what: str, found: Collection[object]) -> None:
    """Refuse numbers of a planned experiment of which one is too small, and none at all.

    Raises
    ------
    ValueError
        If one of `found` is no whole number, or too small, or there is none.
    """
    least = _FEWEST_TO_TRY[what]
    if not found or not all(isinstance(n, int | np.integer) and n >= least for n in found):
        given = ", ".join(map(str, found)) or "nothing"
        raise ValueError(f"{what} to try: {given}; give whole numbers of {least} or more")


def two_theories(found: Collection[str]) -> None:
    """Refuse to compare fewer than two theories.

    Raises
    ------
    ValueError
        If `found` has fewer than two names.
    """
    if len({*found}) < 2:
        raise ValueError(
            f"theories are {', '.join(found) or 'none'}; name two or more, "
            "see `errorneurons list theories`"
        )


def all_known(what: str, found: Collection[str], names: Collection[str]) -> None:
    """Refuse a list with a name that is not on the list of names.

    Raises
    ------
    ValueError
        If one of `found` is unknown; the message names the nearest known one.
    """
    for name in found:
        known(f"an entry of {what}", name, names)


def lengths(what: str, found: Sequence[object], wanted: int) -> None:
    """Refuse a list that does not have one entry an area.

    Raises
    ------
    ValueError
        If the length of `found` is not `wanted`.
    """
    if len(found) != wanted:
        raise ValueError(
            f"{what} has {len(found)} entries for {wanted} areas; give one entry for each area"
        )


def table(what: str, found: Sequence[Sequence[float]], rows: int, columns: int) -> None:
    """Refuse a table that is not (target area, input or area).

    Raises
    ------
    ValueError
        If the table does not have `rows` rows of `columns` numbers.
    """
    if len(found) != rows or any(len(row) != columns for row in found):
        shape = f"{len(found)} rows of {sorted({len(row) for row in found})} numbers"
        raise ValueError(
            f"{what} has {shape}; give {rows} rows (areas) of {columns} numbers (input, then areas)"
        )


def populated(what: str, sizes: object, least: int) -> None:
    """Refuse populations without neurons.

    Raises
    ------
    ValueError
        If there are fewer than `least` sizes, or one is not a whole number above 0.
    """
    given = tuple(sizes) if isinstance(sizes, Collection) else (sizes,)
    if len(given) < least or not all(_neurons(size) for size in given):
        shown = given if isinstance(sizes, Collection) else sizes
        raise ValueError(
            f"{what} is {shown}; give at least {least} whole numbers of neurons above 0"
        )


def _neurons(size: object) -> bool:
    return isinstance(size, int | float | np.number) and bool(size >= 1 and size == int(size))


def not_negative(theory: str, values: Mapping[str, PerNetwork]) -> None:
    """Refuse negative conductances, rates and noise.

    Raises
    ------
    ValueError
        If a value is below 0 or not a number.
    """
    for name, value in values.items():
        least = np.min(value)
        if not least >= 0:
            raise ValueError(f"{name} of {theory} is {least}; give a value of 0 or more")


def shares(theory: str, values: Mapping[str, PerNetwork]) -> None:
    """Refuse shares below 0 or above 1.

    Raises
    ------
    ValueError
        If one is.
    """
    for name, value in values.items():
        if np.any((np.asarray(value) < 0) | (np.asarray(value) > 1)):
            raise ValueError(f"{name} of {theory} is {value}; give a share, from 0 to 1")


def probabilities(theory: str, values: Mapping[str, PerNetwork]) -> None:
    """Refuse probabilities that are not above 0 and below 1, so that their logit is finite.

    Raises
    ------
    ValueError
        If one is.
    """
    for name, value in values.items():
        if not np.all((np.asarray(value) > 0) & (np.asarray(value) < 1)):
            raise ValueError(f"{name} of {theory} is {value}; give a value between 0 and 1")


def stable_step(theory: str, dt: float, tau: float) -> None:
    """Refuse a time step with which the potentials would diverge.

    Raises
    ------
    ValueError
        If the step `dt` [ms] is twice the shortest time constant `tau` [ms] or more.
    """
    if dt >= 2 * tau:
        raise ValueError(
            f"the step of {theory} is {dt:g} ms while its shortest time constant is {tau:g} ms; "
            f"potentials diverge: give Timing.step below {2e-3 * tau:g} s"
        )
