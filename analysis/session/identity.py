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
    """Return the name of an animal without case or leading zeros, and with one kind of dash."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", plain)
    return re.sub(r"[\s_\-\u2010-\u2015]+", "-", plain)


def spelled_otherwise(sessions: Mapping[str, xr.Dataset]) -> Iterator[str]:
    """Name what differs in spelling alone in a collection, each with its mend.

    Animals and areas may differ in case, spaces or dashes, animals in zeros before a number;
    stimuli and rules, which case may tell apart, in spaces or the form of a letter.
    """
    animals: dict[str, str] = {}
    words: dict[tuple[str, str], str] = {}
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
        for name in ("stimulus", "association"):
            for word in _words(session, name):
                known = words.setdefault((name, _spaced(word)), word)
                if known != word and word not in told:
                    told.add(word)
                    yield (
                        f"`{name}` is {known!r} and {word!r}, which differ in spelling alone; "
                        "write it the same way everywhere, by `values` if the file stays as it is"
                    )
        for area in _words(session, "area"):
            known = areas.setdefault(folded(area), area)
            if known != area and area not in told:
                told.add(area)
                yield (
                    f"areas {known!r} and {area!r} differ in spelling alone; write an area the "
                    "same way everywhere"
                )


def _spaced(word: str) -> str:
    """Return a word with its letters in one form, and no spaces that cannot be seen."""
    return " ".join(unicodedata.normalize("NFKC", word).split())


def _words(session: xr.Dataset, name: str) -> list[str]:
    """Return the different words of a column of text."""
    if name not in session.variables or session.variables[name].dtype.kind not in "UTO":
        return []
    found = session.variables[name].values.flat
    return sorted({str(word) for word in found if isinstance(word, str)})


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
