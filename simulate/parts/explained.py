"""What is common to parameters of many theories is said once, and read under each of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from inspect import cleandoc
from itertools import groupby
from typing import TypeVar

TheoryT = TypeVar("TheoryT", bound=type)

_SECTION = "Attributes\n----------\n"
_END = "\n\n"
_ONE_A_NETWORK = "\n    May be one a network."


def explained(*others: type) -> Callable[[TheoryT], TheoryT]:
    """Let the docstring of a theory explain every parameter, in the order in which they stand.

    What its own docstring leaves out is taken from the classes that it rests on.

    Parameters
    ----------
    others
        Theories that are no base classes, but whose parameters it has; they come first.
    """

    def complete(theory: TheoryT) -> TheoryT:
        nearest: list[type] = [theory, *others, *theory.__mro__[1:]]
        said = {name: text for cls in nearest[::-1] for name, text in _said(cls).items()}
        texts = {
            f.name: said[f.name] + _ONE_A_NETWORK * (f.type == "PerNetwork")
            for f in fields(theory)
            if f.name in said
        }
        head, _, rest = cleandoc(theory.__doc__ or "").partition(_SECTION)
        alike = groupby(texts, texts.__getitem__)
        section = "\n".join(f"{', '.join(names)}\n{text}" for text, names in alike)
        doc = [head.rstrip(), _SECTION + section, rest.partition(_END)[2]]
        theory.__doc__ = _END.join(filter(None, doc))
        return theory

    return complete


def _said(cls: type) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    section = cleandoc(cls.__doc__ or "").partition(_SECTION)[2].partition(_END)[0]
    entries = [entry.partition("\n") for entry in re.split(r"\n(?=\S)", section)]
    return {
        name: text.removesuffix(_ONE_A_NETWORK)
        for names, _, text in entries
        for name in names.split(", ")
    }
