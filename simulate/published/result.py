"""What a published result is: cases that are run, what was published of them, and its figure.

A case is a circuit that does a task under one condition, e.g. the error microcircuit with a linear
hidden area. Each case is a piece of work of its own. What it returns has the dim network; figures
and tables take medians and quartiles over it, after means over what other dims they do not show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import xarray as xr

from errorneurons.simulate.refusing import whole_number


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
    """

    name: str
    theory: str
    condition: str = ""
    how: tuple[str | int | float | bool | tuple[int, ...], ...] = ()


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


def barred_from(task: str) -> Callable[[], Mapping[str, str]]:
    """Return what says why theories take no part in a result that rests on a task."""

    def reasons() -> Mapping[str, str]:
        from errorneurons.simulate.tasks.registry import theories, why_not

        known = {theory: why_not(theory, task) for theory in theories()}
        return {theory: why for theory, why in known.items() if why}

    return reasons
