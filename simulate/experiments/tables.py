"""The door through which a table of trials comes in, from a user or from a file.

A table needs the column ``pattern`` and nothing else; `completed` fills in what is left out and
names every breach at once. A column of a name that `columns` does not list, such as ``block``, is
kept and goes into the sessions.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from errorneurons.analysis.session.session import FIELDS
from errorneurons.simulate.experiments.association import SAME_STIMULI, STIMULI
from errorneurons.simulate.experiments.columns import (
    BY_NAME,
    DEFAULTS,
    MEASURED,
    NAN,
    TRIAL_COLUMNS,
    Column,
)
from errorneurons.simulate.experiments.experiment import Block, Experiment, Written
from errorneurons.simulate.experiments.trials import CLOCK, NO_MANIPULATION, Clock


def completed(table: pd.DataFrame, clock: Clock = CLOCK) -> pd.DataFrame:
    """Return a table with every column, checked.

    Parameters
    ----------
    table
        One row a trial; the column ``pattern`` and any other.
    clock
        When things happen in a trial.

    Raises
    ------
    ValueError
        Naming every breach, each with its column, row, value and mend.

    Examples
    --------
    >>> mine = completed(pd.DataFrame({"pattern": [0, 1], "outcome": ["none", "unexpected"]}))
    >>> mine[["stimulus", "teaching", "outcome_onset", "contrast"]]
        stimulus  teaching  outcome_onset  contrast
    0  trained 1     False            NaN       1.0
    1  trained 2      True            0.3       1.0
    """
    full = table.reset_index(drop=True)
    known = [name for name in dict.fromkeys(full) if name in BY_NAME]
    _refuse([*_wrong_names(full), *(b for n in known for b in _wrong_values(full, BY_NAME[n]))])
    full = _typed(_filled(full, clock))
    _refuse([*_wrong_rows(full, clock)])
    extra = [name for name in full if name not in BY_NAME]
    return full[[*BY_NAME, *extra]]


def read_table(path: str | Path, clock: Clock = CLOCK) -> pd.DataFrame:
    """Return the table of trials in a CSV file, completed and checked.

    Parameters
    ----------
    path
        The file; its first line names the columns. An empty cell takes the default, as an onset
        it says that there is no such event.
    clock
        When things happen in a trial.

    Raises
    ------
    ValueError
        If the file is no table, or naming every breach of the table.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no table {path}; give a CSV file with one row a trial")
    try:
        # the word "none" is a value here and no missing one
        table = pd.read_csv(
            path, skipinitialspace=True, keep_default_na=False, na_values=["", "NaN", "nan"]
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} is no table: {reason}; give a CSV file whose first line names the columns"
        ) from error
    try:
        return completed(table, clock)
    except ValueError as error:
        raise ValueError(f"{path} cannot be run:\n{error}") from error


def experiment_of(
    table: pd.DataFrame, name: str = "table", clock: Clock = CLOCK, streams: int = 1
) -> Experiment:
    """Return the experiment that a table describes: one day, synapses frozen.

    Parameters
    ----------
    table
        One row a trial, as `completed` takes it; asked for `repeats`, it is run so many times.
    name
        What it is called.
    clock
        When things happen in a trial.
    streams
        Copies of the network that share the trials out, which is faster; 1 where it matters which
        trial comes before which.

    Raises
    ------
    ValueError
        If the table cannot be run, naming every breach.
    """
    trials = completed(table, clock)
    description = f"A table of {len(trials)} trials."

    block = Written(Block(trials, streams=streams))
    return Experiment(name, name, description, (block,), clock)


def _refuse(breaches: list[str]) -> None:
    if breaches:
        raise ValueError("\n".join(breaches))


def _wrong_names(table: pd.DataFrame) -> Iterator[str]:
    names = [str(name) for name in table.columns]
    if not len(table):
        yield "the table has no rows; give one row a trial"
    if "pattern" not in names:
        near = difflib.get_close_matches("pattern", names, n=1)
        mend = f"is it `{near[0]}`?" if near else f"give 0 to {STIMULI - 1} for each trial"
        yield f"column `pattern` is missing, which says which stimulus is shown; {mend}"
    for name in names:
        if names.count(name) > 1:
            yield f"column `{name}` is there {names.count(name)} times; keep one"
        elif name in BY_NAME:
            continue
        elif name in MEASURED or (name in FIELDS and FIELDS[name].dims != ("trial",)):
            yield f"column `{name}` has a name that sessions need for something else; rename it"
        elif near := difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.85):
            yield f"column `{name}` is unknown; did you mean `{near[0]}`?"


def _wrong_values(table: pd.DataFrame, column: Column) -> Iterator[str]:
    """Yield one breach for each kind of wrong value in a column."""
    values = table[column.name]
    if isinstance(values, pd.DataFrame):
        return  # there twice, which is a breach already
    given = values[~values.isna()]
    if column.name == "pattern":
        yield from _breach(column, values[values.isna()], f"give {_range(column)}")
    if column.kind == "text":
        wrong = given[[not isinstance(v, str) for v in given]]
        yield from _breach(column, wrong, "give text")
        if column.values:
            unknown = given[[isinstance(v, str) and v not in column.values for v in given]]
            yield from _breach(column, unknown, _nearest(unknown, column.values))
    elif column.kind == "bool":
        wrong = given[[v not in (True, False, "True", "False") for v in given]]
        yield from _breach(column, wrong, "give True or False")
    else:
        yield from _wrong_numbers(column, given)


def _wrong_numbers(column: Column, given: pd.Series[Any]) -> Iterator[str]:
    numbers = pd.to_numeric(given, errors="coerce")
    yield from _breach(column, given[numbers.isna()], "give a number")
    finite = numbers[numbers.notna()]
    units = f" [{column.units}]" if column.units not in ("", "1") else ""
    out = (finite < column.low) | (finite > column.high) | ~np.isfinite(finite)
    yield from _breach(column, finite[out], f"give {_range(column)}{units}")
    if column.kind == "count":
        yield from _breach(column, finite[finite != finite.round()], "give a whole number")


def _range(column: Column) -> str:
    if np.isfinite(column.high):
        return f"a number from {column.low:g} to {column.high:g}"
    return f"a number from {column.low:g} on" if np.isfinite(column.low) else "a finite number"


def _nearest(unknown: pd.Series[Any], values: Collection[str]) -> str:
    near = difflib.get_close_matches(str(unknown.iloc[0]), values, n=1) if len(unknown) else []
    return f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(values)}"


def _breach(column: Column, wrong: pd.Series[Any], mend: str) -> Iterator[str]:
    """Yield the first wrong value with its row, and how many more there are."""
    if len(wrong):
        found, more = wrong.iloc[0], len(wrong) - 1
        found = repr(found) if isinstance(found, str) else f"{found}"
        rows = f"row {int(wrong.index[0]) + 1}" + (f" (and {more} more)" if more else "")
        yield f"column `{column.name}`, {rows}, is {found}; {mend}"


def _filled(table: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Return the table with every column: defaults, and what follows from other columns."""
    full = table.copy()

    def fill(name: str, otherwise: Any) -> pd.Series[Any]:
        own = full[name] if name in full else pd.Series(NAN, full.index)
        full[name] = own.astype(object).where(own.notna(), otherwise)
        return full[name]

    for column in TRIAL_COLUMNS:
        says_none = column.units == "s" and column.name in full  # NaN: there is no such event
        if column.default is not None and not says_none:
            fill(column.name, column.default)
    known = fill("association", fill("familiarity", NAN)).fillna("trained")
    full["association"] = known
    shown = known.replace(SAME_STIMULI)
    fill("familiarity", shown.where(shown == "trained", "novel"))
    number = pd.to_numeric(full["pattern"]).astype(int) + 1
    fill("stimulus", shown + " " + number.astype(str))
    fill("teaching", full["outcome"] != "none")
    fill("outcome_onset", np.where(full["outcome"] != "none", clock.outcome, NAN))
    return full


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    kinds: dict[str, Any] = {"text": str, "number": float, "count": int, "bool": bool}
    full = table.copy()
    full["teaching"] = [value in (True, "True") for value in full["teaching"]]
    for column in TRIAL_COLUMNS:
        full[column.name] = full[column.name].astype(kinds[column.kind])
    return full


def _wrong_rows(table: pd.DataFrame, clock: Clock) -> Iterator[str]:
    """Yield the breaches of what columns must say together."""
    for name, wrong, mend in _conditions(table, clock):
        yield from _breach(BY_NAME[name], table.loc[wrong, name], mend)


def _conditions(table: pd.DataFrame, clock: Clock) -> Iterator[tuple[str, pd.Series[Any], str]]:
    acted, shown = table["manipulation"] != "none", table["outcome"] != "none"
    onset, offset = table["manipulation_onset"], table["manipulation_offset"]
    for name in ("manipulated_role", "manipulated_area"):
        missing = table[name] == NO_MANIPULATION[name]
        yield name, acted & missing, "say what is manipulated, or set `manipulation` to none"
        yield name, ~acted & ~missing, "set `manipulation` to silence or drive, or this to none"
    inside = f"give a time of the trial, {clock.start:g} to {clock.stop:g} s"
    for name in ("manipulation_onset", "manipulation_offset"):
        outside = (table[name] < clock.start) | (table[name] > clock.stop)
        yield name, (acted & table[name].isna()) | outside, inside
    yield "manipulation_offset", acted & (offset <= onset), "give an end after the onset"
    yield (
        "input_offset", table["input_offset"] <= table["input_onset"],
        "give an end after the onset of the input",
    )  # fmt: skip
    for name in ("input_onset", "outcome_onset"):
        yield name, (table[name] < clock.start) | (table[name] > clock.stop), inside
    yield "outcome_onset", shown & table["outcome_onset"].isna(), "say when the outcome comes"
    yield "outcome_onset", ~shown & table["outcome_onset"].notna(), "there is no outcome: give NaN"
    yield "teaching", table["teaching"] & ~shown, "an outcome teaches, and nothing else does"
    terminals = table["manipulated_target"] != DEFAULTS["manipulated_target"]
    yield (
        "manipulated_target", terminals & (table["manipulation"] != "silence"),
        "only silencing reaches axon terminals: give somata, or set `manipulation` to silence",
    )  # fmt: skip
