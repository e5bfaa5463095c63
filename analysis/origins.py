"""Where a column of the contract comes from: the small closed vocabulary of a mapping's lines."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

ORIGINS = ("column", "electrodes", "metadata", "constant", "combine", "during")
Scalar = bool | int | float | str


class Source(BaseModel):
    """Where a column or an attribute comes from; a bare text is the name of a column.

    Attributes
    ----------
    column
        A column of the table of trials, or of units.
    electrodes
        For units, a column of the table of electrodes; the unit's peak channel counts if there is
        one, see `errorneurons.analysis.readers.nwb.electrodes`, or else its first electrode.
    metadata
        A field of the file or its subject, e.g. ``subject.subject_id`` or ``session_id``.
    constant
        The same value everywhere.
    combine
        Several sources, put together as text with a blank between; what is missing is left out.
    during
        Another table of intervals: whether a trial's own interval overlaps one of them, or, with
        `column`, what stands there in the first that it overlaps.
    table, by, id
        With `column`: it stands in another table, in the row whose `id` is what the own column
        `by` says; without `id` its rows are known by their names in the file.
    squeeze
        Which of several values a row counts: ``first``, ``last``, their ``count``, ``all`` as
        text, or the k-th from 0; where each event is a trial, ``event`` is that of its place.
    previous
        Whether the value of the row before counts.
    minus
        A column of the same table that is taken off, as the cursor is from its goal.
    part
        What stands in the one group of a regular expression, ``"day([0-9]+)"``; missing where it
        is not found.
    matches
        True where a regular expression is found in the text, or where the value is in a list.
    values
        What the values found mean: value found -> value of the contract.
    default
        What counts where a value is missing, there is no such row, or `values` has no word for it.
    low, high, source
        For ``label_error``: the interval of the share, as numbers or names of columns, and where
        the share was measured, in words or as the name of a column that says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    electrodes: str | None = None
    metadata: str | None = None
    constant: Scalar | None = None
    combine: tuple[Source, ...] | None = None
    during: str | None = None
    table: str | None = None
    by: str | None = None
    id: str | None = None
    squeeze: Literal["first", "last", "count", "all", "event"] | int | None = None
    previous: bool | None = None
    minus: str | None = None
    part: str | None = None
    matches: str | tuple[Scalar, ...] | None = None
    values: dict[str, Scalar] | None = None
    default: Scalar | None = None
    low: float | str | None = None
    high: float | str | None = None
    source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_text_is_a_column(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @field_validator("matches")
    @classmethod
    def _is_expression(cls, value: Any) -> Any:
        if isinstance(value, str):
            checked_expression(value)
        return value

    @field_validator("part")
    @classmethod
    def _has_one_group(cls, value: str | None) -> str | None:
        if value is not None and checked_expression(value, "part").groups != 1:
            raise ValueError('`part` needs one group between brackets, as in "day([0-9]+)"')
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        given = [name for name in ORIGINS if getattr(self, name) is not None]
        if given == ["column", "during"]:
            given = ["during"]
        if len(given) != 1:
            raise ValueError(
                f"give one of {', '.join(ORIGINS)}; found {' and '.join(given) or 'none'}"
            )
        if (self.table is None) != (self.by is None) or (self.id is not None and not self.table):
            raise ValueError("a column of another table needs `table` and `by`, the own column")
        if self.table is not None and (self.column is None or self.during is not None):
            raise ValueError("`table` and `by` say where a `column` stands; give one")
        if self.combine == ():
            raise ValueError("`combine` names nothing; give two or more columns")
        return self

    @property
    def named(self) -> set[str]:
        """Names of the columns, and tables of intervals, that are read."""
        inner = {name for part in self.combine or () for name in part.named}
        own = (self.column, self.by, self.during, self.minus)
        return inner | {name for name in own if name}


_LONGEST = 200
_NESTED = re.compile(r"[*+}][^()]*\)\s*[*+{]")
"""A repetition of what repeats, which may take for ever."""


def checked_expression(text: str, word: str = "matches") -> re.Pattern[str]:
    """Return a regular expression, if it is one that ends.

    Raises
    ------
    ValueError
        If it is none, is long, or repeats what repeats.
    """
    if len(text) > _LONGEST or _NESTED.search(text):
        raise ValueError(
            f"`{word}` repeats what repeats, or is longer than {_LONGEST} characters; give a "
            "plainer expression, or a list of values"
        )
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"`{word}` is no regular expression: {error}") from error
