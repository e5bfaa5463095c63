"""Who is who: names of animals, sessions and areas that are one, or are not, but for spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

import xarray as xr


def folded(name: str) -> str:
    r"""Return a name without case, spaces or the forms that Unicode has for one letter.

    Examples
    --------
    >>> folded("Área 1") == folded("a\u0301rea1")
    True
    """
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _animal(name: str) -> str:
    """Return the name of an animal without case, and with one kind of dash."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return re.sub(r"[\s_\-\u2010-\u2015]+", "-", plain)


def spelled_otherwise(sessions: Mapping[str, xr.Dataset]) -> Iterator[str]:
    """Name animals and areas of a collection that differ in spelling alone, each with its mend."""
    animals: dict[str, str] = {}
    areas: dict[str, str] = {}
    told: set[str] = set()
    for session in sessions.values():
        animal = str(session.attrs.get("animal", ""))
        known = animals.setdefault(_animal(animal), animal)
        if known != animal and animal not in told:
            told.add(animal)
            yield (
                f"animals {known!r} and {animal!r} differ in spelling alone; write the name of an "
                "animal the same way in all its sessions, or make two animals' names more unlike"
            )
        for area in _areas(session):
            known = areas.setdefault(folded(area), area)
            if known != area and area not in told:
                told.add(area)
                yield (
                    f"areas {known!r} and {area!r} differ in spelling alone; write an area the "
                    "same way everywhere"
                )


def _areas(session: xr.Dataset) -> list[str]:
    if "area" not in session.variables or session.variables["area"].dtype.kind not in "UTO":
        return []
    names = session.variables["area"].values
    return sorted({str(name) for name in names.flat if isinstance(name, str)})


def names_of(sessions: list[xr.Dataset]) -> list[str]:
    """Return how sessions are called in a collection: ``<animal>_<session_id>``.

    Where that gives two sessions one name, as animal ``m1``, session ``1_2`` and animal ``m1_1``,
    session ``2``, those that come later get a number.
    """
    names: list[str] = []
    keys: dict[str, tuple[object, object]] = {}
    for session in sessions:
        key = session.attrs.get("animal"), session.attrs.get("session_id")
        stem = f"{key[0]}_{key[1]}".replace("/", "-")
        name, number = stem, 2
        while keys.get(name, key) != key:
            name, number = f"{stem} ({number})", number + 1
        keys[name] = key
        names.append(name)
    return names
