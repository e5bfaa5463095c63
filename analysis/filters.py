"""Which rows are kept: by the values of a column, or by comparisons, ``> 2 and <= 50``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_ONE = re.compile(r"\s*(>=|<=|!=|>|<)\s*([-+.\w]+)\s*")

Bound = tuple[Callable[[Any, Any], Any], float]


def checked_filter(wanted: object) -> tuple[Bound, ...]:
    """Return the comparisons that a text says, all of which must hold; none for a list of values.

    Raises
    ------
    ValueError
        If it says something else.

    Examples
    --------
    >>> [value for _, value in checked_filter("> 2 and <= 50")]
    [2.0, 50.0]
    """
    if not isinstance(wanted, str):
        return ()
    found = []
    for part in re.split(r"\band\b", wanted):
        one = _ONE.fullmatch(part)
        try:
            found.append((_COMPARED[one[1]], float(one[2])) if one else None)
        except ValueError:
            found.append(None)
    if None in found:
        raise ValueError(
            f"{wanted!r} is no comparison; give a list of values, or > >= < <= != and a number, "
            'e.g. "> 2 and <= 50"'
        )
    return tuple(one for one in found if one is not None)
