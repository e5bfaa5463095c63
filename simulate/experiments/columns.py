"""The columns of a table of trials, as data. `tables` checks tables against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from errorneurons.simulate.experiments.association import REVERSED, STIMULI
from errorneurons.simulate.experiments.readout import ALL, FIRST, HALF, NO_DECODER

NAN = float("nan")
INFINITY = float("inf")


@dataclass(frozen=True)
class Column:
    """A column of a table of trials.

    Attributes
    ----------
    name
        Its name.
    meaning
        What it says, in a few words.
    kind
        What its values are; ``"count"`` is a whole number.
    default
        The value of a trial that does not give one; None if it follows from other columns, as its
        meaning says, or must be given.
    units
        Units of a number; empty if it has none.
    values
        Values that are allowed; empty if all are.
    low, high
        The range that is allowed.
    """

    name: str
    meaning: str
    kind: Literal["text", "number", "count", "bool"]
    default: str | float | bool | None = None
    units: str = ""
    values: tuple[str, ...] = ()
    low: float = -INFINITY
    high: float = INFINITY


TRIAL_COLUMNS: tuple[Column, ...] = (
    Column("pattern", "which stimulus of the set; must be given", "count", None, "1",
           low=0, high=STIMULI - 1),
    Column("association", "which set of stimuli and outcomes; if left out, the familiarity", "text",
           None, values=("trained", "novel", "new", REVERSED)),
    Column("stimulus", "name of the stimulus; if left out, its set and number", "text"),
    Column("familiarity", "whether the set was trained; if left out, it follows from the set",
           "text", None, values=("trained", "novel")),
    Column("phase", "phase of learning", "text", "after", values=("before", "during", "after")),
    Column("input_onset", "onset of the input, NaN for none", "number", 0.0, "s"),
    Column("input_offset", "end of the input, NaN for the end of the trial", "number", NAN, "s"),
    Column("contrast", "factor on the input", "number", 1.0, "1", low=0.0),
    Column("modulation_frequency", "frequency f of an input that goes as (1 + sin 2 pi f t) / 2; "
           "0 for a steady one", "number", 0.0, "Hz", low=0.0),
    Column("outcome", "outcome", "text", "none", values=("expected", "unexpected", "none")),
    Column("outcome_size", "factor on how far an unexpected outcome is from the expected one",
           "number", 1.0, "1", low=0.0),
    Column("outcome_onset", "onset of the outcome, NaN for none; if left out, the clock's",
           "number", None, "s"),
    Column("teaching", "whether the outcome teaches; if left out, whether there is one", "bool"),
    Column("manipulation", "manipulation", "text", "none", values=("none", "silence", "drive")),
    Column("manipulated_role", "role of the cells", "text", "none",
           values=("none", "representation", "error", "interneuron")),
    Column("manipulated_area", "area of the cells, or all", "text", "none"),
    Column("manipulation_onset", "onset of the manipulation", "number", NAN, "s"),
    Column("manipulation_offset", "end of the manipulation", "number", NAN, "s"),
    Column("manipulated_cell", "which cell of the role in the area, from 0; -1 to silence all or "
           "to drive every other one", "count", -1, "1", low=-1),
    Column("manipulated_target", "somata, or the area in which the axon terminals of the cells are "
           "silenced", "text", "somata"),
    Column("efficacy", "share of its rate that a silenced cell loses, NaN for that of the laser",
           "number", NAN, "1", low=0.0, high=1.0),
    Column("off_target", "share of the other role's cells that are silenced too, NaN for that of "
           "the laser", "number", NAN, "1", low=0.0, high=1.0),
    Column("drive_size", "factor on the current that is matched to natural tuning", "number", 1.0,
           "1", low=0.0),
    Column("decoder", "decoder of a brain-computer interface, the same all day", "text",
           NO_DECODER, values=(NO_DECODER, FIRST, HALF, ALL)),
    Column("realigned", "how far the animal's idea of the decoder has moved from the first one to "
           "the one in force", "number", 1.0, "1", low=0.0, high=1.0),
)  # fmt: skip
"""Every column that a simulation reads, in the order in which they are documented."""

BY_NAME = {column.name: column for column in TRIAL_COLUMNS}
DEFAULTS: dict[str, str | bool | float] = {
    column.name: column.default for column in TRIAL_COLUMNS if column.default is not None
}
"""What a trial is like where its table does not have these columns."""
MEASURED = ("performance", "outcome_error", "targeted")
"""Columns of a session's trials that are measured, and not part of a table."""
