"""What a published result is: cases that are run, what was published of them, and its figure.

A case is a circuit that does a task under one condition, e.g. the error microcircuit with a linear
hidden area. Each case is a piece of work of its own. What it returns has the dim network; figures
and tables take medians and quartiles over it, after means over what other dims they do not show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import xarray as xr

from errorneurons.simulate.refusing import whole_number
from errorneurons.simulate.theories.from_file import theory_from

_ONLY_PUBLISHED = "only the circuits that it was published with take part in it"


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Attributes
    ----------
    networks
        Networks of each case.
    epochs
        Epochs of training.
    teachers
        Draws of what is to be learnt, where that is random; each teaches so many networks.

    Raises
    ------
    ValueError
        If a number is impossible.
    """

    networks: int
    epochs: int = 1
    teachers: int = 1

    def __post_init__(self) -> None:
        for name in ("networks", "epochs", "teachers"):
            whole_number(name, getattr(self, name), 1)


@dataclass(frozen=True)
class Case:
    """A circuit under one condition.

    Attributes
    ----------
    name
        Identifier, also of its file.
    theory
        Of the circuit.
    condition
        In words; empty if there is only one.
    how
        What its work is called with beside; numbers and names.
    file
        Python file of the theory, if it is none of the registry.
    """

    name: str
    theory: str
    condition: str = ""
    how: tuple[str | int | float | bool | tuple[int, ...], ...] = ()
    file: str = ""

    @property
    def source(self) -> str:
        """What the theory is found by: its name, or its file."""
        return self.file or self.theory


@dataclass(frozen=True)
class Figure:
    """A published number.

    Attributes
    ----------
    case
        Name of the case.
    variable
        Variable of the case's dataset.
    at
        Where in it: dim -> coordinate.
    value, low, high
        What was published, median and quartiles or mean and s.d. around it; NaN where none are.
    """

    case: str
    variable: str
    value: float
    low: float = math.nan
    high: float = math.nan
    at: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class ResultPlot:
    """A panel of the figure, with the axes of the published one.

    Attributes
    ----------
    title
        Above it.
    variable
        What is drawn upwards.
    along
        A dim of the variable that runs to the right; empty: cases stand beside each other.
    label
        Of the upright axis, with its unit.
    across
        Of the other axis.
    scale
        Of the upright axis.
    conditions
        Those that are drawn; all if empty.
    at
        What else is chosen: dim -> coordinate.
    each
        Whether each network is a line of its own, and not median and quartiles.
    wide
        Whether the axis to the right is logarithmic.
    """

    title: str
    variable: str
    label: str
    along: str = ""
    across: str = ""
    scale: Literal["linear", "log"] = "linear"
    conditions: tuple[str, ...] = ()
    at: Mapping[str, str | int | float] = field(default_factory=dict)
    each: bool = False
    wide: bool = False


@dataclass(frozen=True)
class PublishedResult:
    """A result of a paper that can be obtained again.

    Attributes
    ----------
    name, label
        Identifier, and as written on the page.
    source
        Where it was published.
    description
        What it is, in a sentence.
    cases
        Effort -> what is run.
    work
        Case, effort and seed -> a Dataset with the dim network. A function of a module.
    published, quick
        The published effort, and one of a minute or less.
    figures
        What was published in numbers.
    panels
        What the figure shows.
    variables
        Variable -> what it is, with its unit, for the table.
    differs
        Where what is obtained is known to differ, and why; empty if it does not.
    cannot
        Returns theory -> why it takes no part.
    joins
        Name of a theory that the experiment was not published with, and effort -> its cases; none
        if no other theory can take part.
    """

    name: str
    label: str
    source: str
    description: str
    cases: Callable[[Effort], tuple[Case, ...]]
    work: Callable[[Case, Effort, int], xr.Dataset]
    published: Effort
    quick: Effort
    panels: tuple[ResultPlot, ...]
    variables: Mapping[str, str]
    figures: tuple[Figure, ...] = ()
    differs: str = ""
    cannot: Callable[[], Mapping[str, str]] = dict
    joins: Callable[[str, Effort], tuple[Case, ...]] | None = None

    def joined_by(self, files: Sequence[str | Path]) -> PublishedResult:
        """Return the result with theories in Python files taking part, where others can.

        Parameters
        ----------
        files
            Each ends in a ``THEORY``, see `from_file.theory_from`.

        Raises
        ------
        ValueError
            If a file has no theory, or two have one of the same name.
        """
        known = {(entry := theory_from(file)).name: (entry, file) for file in files}
        if len(known) < len(files):
            raise ValueError("two files have a theory of the same name; rename one")
        barred = {
            name: _ONLY_PUBLISHED if self.joins is None else entry.cannot[self.name]
            for name, (entry, _) in known.items()
            if self.joins is None or self.name in entry.cannot
        }

        def cases(effort: Effort) -> tuple[Case, ...]:
            own = (
                replace(case, file=str(Path(file).resolve()))
                for name, (_, file) in known.items()
                if self.joins is not None and name not in barred
                for case in self.joins(name, effort)
            )
            return (*self.cases(effort), *own)

        return replace(self, cases=cases, cannot=lambda: {**self.cannot(), **barred})


def barred_from(task: str) -> Callable[[], Mapping[str, str]]:
    """Return what says why theories take no part in a result that rests on a task."""

    def reasons() -> Mapping[str, str]:
        from errorneurons.simulate.tasks.registry import theories, why_not

        known = {theory: why_not(theory, task) for theory in theories()}
        return {theory: why for theory, why in known.items() if why}

    return reasons
