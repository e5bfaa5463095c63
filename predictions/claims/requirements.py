"""What claims look at: the trials, windows and cells of the outcome-error experiment.

Everything here is asked of a session in terms of the dataset contract, so a simulated and a
recorded session answer alike. `what_is_missing` collects what a session lacks, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.analysis.measures.asking import once, once_alike
from errorneurons.analysis.measures.energies import (
    Cells as Cells,
)
from errorneurons.analysis.measures.energies import (
    Factors as Factors,
)
from errorneurons.analysis.measures.energies import (
    Missing,
    Response,
    Window,
    energy_of_difference,
    level_of,
    responses,
    trials,
    units,
)
from errorneurons.analysis.measures.energies import (
    Trials as Trials,
)
from errorneurons.analysis.measures.windows import STRADDLE, bin_width, has_window
from errorneurons.predictions.claims.taught import EXPECTED_TRIALS as EXPECTED_TRIALS
from errorneurons.predictions.claims.taught import UNEXPECTED_TRIALS as UNEXPECTED_TRIALS
from errorneurons.predictions.claims.taught import as_taught as as_taught
from errorneurons.predictions.claims.taught import most_repeats

Requirement = Callable[[xr.Dataset], Missing | None]
Levels = Callable[[float, float], tuple[float, float]]
"""(level of the manipulated area, of the teaching area) -> bounds of the levels looked at."""

ONSET: Window = (0.0, 0.05)
"""Five membrane time constants of 10 ms, from an event on [s]."""
BEFORE: Window = (-0.05, 0.0)
"""The baseline before an event [s]."""
BEFORE_LASER: Window = (-0.1, -0.05)
"""The baseline of inference trials, in which the laser starts 50 ms before the input [s]."""
OUTCOME: Window = (0.0, 0.2)
"""From outcome onset on [s]."""
LATE: Window = (0.15, 0.2)
"""The end of the outcome window, relative to outcome onset [s]."""
READ_OUT = 0.1
"""The sustained window: the last 100 ms before the outcome, or before it would have come [s]."""

PASSIVE_TRIALS: Factors = {"teaching": False, "manipulation": "none", "familiarity": "trained"}
NOVEL: Factors = {**PASSIVE_TRIALS, "familiarity": "novel"}
DRIVEN: Factors = {**PASSIVE_TRIALS, "manipulation": "drive", "manipulated_role": "representation"}
SILENCED: Factors = {**DRIVEN, "manipulation": "silence"}
INFERENCE_OFF: Factors = {**SILENCED, "manipulated_role": "error"}
LEARNING: Factors = {"phase": "during", "manipulation": "none"}
LEARNING_OFF: Factors = {"phase": "during", "manipulation": "silence", "manipulated_role": "error"}


_OTHER_LEVELS = {
    "mean": ("the activity given is means over trials, which do not tell noise from response",
             "Give single trials, with the animal that each is of."),
    "pooled": ("the units given are of animals that are not told apart",
               "Say which animal each unit is of."),
    "sample": ("the activity given is samples of which no trial is known, and not independent",
               "Say which trial each sample is of."),
}  # fmt: skip
"""Level of data -> why it is not tested, and the mend."""


def outcome_off(outcome: str) -> Factors:
    """Return the factors of trials with an area's error cells silenced during the outcome."""
    return {**UNEXPECTED_TRIALS, "outcome": outcome, "manipulation": "silence",
            "manipulated_role": "error"}  # fmt: skip


def what_is_missing(session: xr.Dataset, *requirements: Requirement) -> Missing | None:
    """Return everything that a session lacks as one sentence, or None if nothing.

    Every claim asks for single trials, and for what `declares_its_localiser` asks for.
    """
    always = _holds_single_trials, declares_its_localiser
    lack = _together(*(require(session) for require in (*always, *requirements)))
    if lack is None or not lack.columns:
        return lack
    columns = ", ".join(f"`{column}`" for column in lack.columns)
    return replace(lack, what=f"{lack.what}. The trials carry no {columns}")


def _together(*lacks: Missing | None) -> Missing | None:
    """Return several lacks as one, or None if there is none; each thing is said once."""
    found = [one for lack in lacks if lack is not None for one in lack.each]
    if len(found) < 2:
        return found[0] if found else None
    columns = tuple(dict.fromkeys(column for lack in found for column in lack.columns))
    whats, remedies = (dict.fromkeys(x) for x in zip(*((f.what, f.remedy) for f in found),
                                                     strict=True))  # fmt: skip
    return Missing("; ".join(whats), " ".join(remedies), columns, parts=tuple(found))


def _holds_single_trials(session: xr.Dataset) -> Missing | None:
    level = session.attrs.get("level_of_data", "trial")
    if level == "trial":
        return None
    what, remedy = _OTHER_LEVELS[str(level)]
    return Missing(what, remedy)


def declares_its_localiser(session: xr.Dataset) -> Missing | None:
    """Require of labels by a localiser that the trials that chose the units are known.

    `errorneurons.analysis.measures.energies.trials` leaves them out of every test.
    """
    if "label_source" not in session.coords:
        return None
    by_localiser = (session["label_source"].values == "localiser").any()
    marked = "localiser" in session.coords and session["localiser"].values.any()
    if not by_localiser or marked or session.attrs.get("localiser_session"):
        return None
    absent = session.attrs.get("localiser_session_in_no_file")
    if absent:
        return Missing(
            f"the units were labelled by session {absent!r}, which is no session of the animal in "
            "any of the files, so that the trials that chose them may be among these",
            "Give the file of that session too, or mark the trials by `localiser`.",
        )
    return Missing(
        "the units were labelled by a localiser, but which trials chose them is not said, and "
        "those trials may not test",
        "Mark the trials by `localiser`, name their session in `localiser_session`, or let "
        'labels = "localiser" in the mapping file find the error cells again.',
    )


def has_trials(factors: Factors, name: str, remedy: str) -> Requirement:
    """Require two trials of one stimulus with `factors`."""

    def requirement(session: xr.Dataset) -> Missing | None:
        absent = tuple(column for column in factors if column not in session.coords)
        if absent:
            wanted = tuple((column, factors[column]) for column in absent)
            return Missing(f"no trials with {name}", remedy, absent, wanted)
        if most_repeats(session, factors) < 2:
            besides = ", those that chose the units aside" * _was_localised(session, factors)
            return Missing(f"no stimulus has two trials with {name}{besides}", remedy)
        return None

    return requirement


def _was_localised(session: xr.Dataset, factors: Factors) -> bool:
    """Whether trials with `factors` served to label the units."""
    if "localiser" not in session.coords:
        return False
    return len(trials(session.drop_vars("localiser"), factors)) > len(trials(session, factors))


def has_cells(role: str = "error") -> Requirement:
    """Require cells labelled with a role."""

    def requirement(session: xr.Dataset) -> Missing | None:
        if len(units(session, role)):
            return None
        return Missing(
            f"no unit has the role {role!r}",
            f"Label {role} cells by genetics or by an independent localiser block.",
            declared=() if _has_roles(session) else ("role",),
        )

    return requirement


def _has_roles(session: xr.Dataset) -> bool:
    return bool((session.variables["role"].values != "unknown").any())


def has_error_cells_between(low: float, high: float, where: str) -> Requirement:
    """Require error cells at levels strictly between two."""

    def requirement(session: xr.Dataset) -> Missing | None:
        if len(units(session, "error", between(low, high))):
            return None
        return Missing(f"no labelled error cells {where}", f"Record labelled error cells {where}.")

    return requirement


def has_teaching_area(session: xr.Dataset) -> Missing | None:
    """Require that the area which the teaching signal enters is declared and has a level."""
    area = session.attrs.get("teaching_area", "")
    if area and np.isfinite(level_of(session, area)):
        return None
    return Missing(
        "the area that the teaching signal enters is not declared, or no unit of it says its level",
        "Declare `teaching_area` in the mapping file, with the order of the areas.",
        declared=("teaching_area",),
    )


def has_outcome_contrast(session: xr.Dataset) -> Missing | None:
    """Require expected and unexpected outcomes after the same stimulus, taught or not."""
    remedy = "Add trials in which a stimulus is followed by another stimulus's outcome."
    unexpected, expected = (as_taught(session, f) for f in (UNEXPECTED_TRIALS, EXPECTED_TRIALS))
    lack = _together(
        has_trials(unexpected, "an unexpected outcome", remedy)(session),
        has_trials(expected, "an expected outcome", remedy)(session),
    )
    return lack or _covers(session, "outcome_onset", unexpected, BEFORE, OUTCOME)


def covers(event: str, factors: Factors, *windows: Window) -> Requirement:
    """Require that the trials with `factors` were recorded throughout `windows`."""
    return lambda session: _covers(session, event, factors, *windows)


def _covers(session: xr.Dataset, event: str, factors: Factors, *windows: Window) -> Missing | None:
    key = ("covers", event, *factors.items(), windows)
    return once_alike(session, key, lambda: _lack_of_cover(session, event, factors, windows))


def _lack_of_cover(
    session: xr.Dataset, event: str, factors: Factors, windows: Sequence[Window]
) -> Missing | None:
    chosen = trials(session, factors)
    if not len(chosen) or event not in session.coords:
        return None  # `has_trials` says it better
    time, onset = session.variables["time"].values, session.variables[event].values[chosen]
    width = bin_width(session)
    narrow = min(window[1] - window[0] for window in windows)
    if width > narrow * (1 + STRADDLE):
        return Missing(
            f"bins of {1000 * width:.3g} ms are wider than the window of {1000 * narrow:.3g} ms "
            f"around `{event}`",
            f"Cut the recording into bins of {1000 * narrow:.3g} ms or less.",
        )
    half = 0.5 * width
    start, stop = min(w[0] for w in windows), max(w[1] for w in windows)
    first, last = time[0] - half - 1e-9, time[-1] + half + 1e-9
    if (
        np.isfinite(onset).any()
        and first <= np.nanmin(onset) + start
        and (last >= np.nanmax(onset) + stop)
    ):
        return _lack_of_bins(session, chosen, event, windows)
    return Missing(
        f"the trials do not cover {start:g} to {stop:g} s around `{event}` "
        f"(they run from {round(first, 6) + 0.0:.3g} to {last:.3g} s)",
        f"Record from {-start:g} s before to {stop:g} s after `{event}`.",
    )


def _lack_of_bins(
    session: xr.Dataset, chosen: Trials, event: str, windows: Sequence[Window]
) -> Missing | None:
    """Require two trials with a bin in each window: bins that straddle the event are in none."""
    there = np.logical_and.reduce([has_window(session, chosen, event, w) for w in windows])
    if there.sum() >= 2:
        return None
    return Missing(
        f"in {(~there).sum()} of {len(there)} trials a bin straddles `{event}`, so that what comes "
        "before it and after it cannot be told apart",
        f"Cut trials out around `{event}`, as time_zero, or into shorter bins.",
    )


def contrast(
    session: xr.Dataset,
    cells: Cells,
    unexpected: Factors = UNEXPECTED_TRIALS,
    expected: Factors = EXPECTED_TRIALS,
    window: Window = OUTCOME,
) -> tuple[Response, Response]:
    """Return the responses to unexpected and to expected outcomes of the same stimuli.

    Outcomes without teaching are taken where a session compares such, see `as_taught`.
    """
    first, second = (
        responses(session, trials(session, factors), cells, "outcome_onset", window, BEFORE)
        for factors in (as_taught(session, unexpected), as_taught(session, expected))
    )
    return first, second


def outcome_contrast_energy(session: xr.Dataset, cells: Cells, window: Window = OUTCOME) -> float:
    """Return M of most claims: the energy of the outcome contrast in some cells."""
    key = ("outcome contrast", cells.tobytes(), window)
    return once(
        session, key, lambda: energy_of_difference(*contrast(session, cells, window=window))
    )


def manipulated_areas(session: xr.Dataset, factors: Factors) -> list[str]:
    """Return the areas manipulated in trials with `factors`, those with a known level."""
    key = ("manipulated areas", *factors.items())
    return once_alike(session, key, lambda: _manipulated_areas(session, factors))


def _manipulated_areas(session: xr.Dataset, factors: Factors) -> list[str]:
    chosen = trials(session, factors)
    if not len(chosen) or "manipulated_area" not in session.coords:
        return []
    names = np.unique(session.variables["manipulated_area"].values[chosen])
    return [str(n) for n in names if np.isfinite(level_of(session, str(n)))]


@dataclass(frozen=True)
class Between:
    """The test whether a level lies strictly between two levels; equal ones are the same."""

    low: float
    high: float

    def __call__(self, level: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which levels do."""
        return np.asarray((level > self.low) & (level < self.high))


def between(low: float, high: float) -> Between:
    """Return the test whether a level lies strictly between two levels."""
    return Between(low, high)


def only(level: float) -> tuple[float, float]:
    """Return bounds strictly between which this level alone lies."""
    return float(np.nextafter(level, -np.inf)), float(np.nextafter(level, np.inf))


def teaching_level(session: xr.Dataset) -> float:
    """Return the level of the area that the teaching signal enters, NaN if it is not declared."""
    return level_of(session, str(session.attrs.get("teaching_area", "")))


def has_error_cells_at(factors: Factors, where: str, bounds: Levels) -> Requirement:
    """Require error cells between `bounds` of the manipulated and the teaching area's levels."""

    def requirement(session: xr.Dataset) -> Missing | None:
        teaching = teaching_level(session)
        for area in manipulated_areas(session, factors):
            low, high = bounds(level_of(session, area), teaching)
            if len(units(session, "error", between(low, high))):
                return None
        return Missing(
            f"no labelled error cells {where} a manipulated area",
            f"Record labelled error cells {where} the manipulated area.",
        )

    return requirement


def read_out_window(session: xr.Dataset) -> Window | None:
    """Return the sustained window relative to input onset [s], from the trials with an outcome."""
    return once_alike(session, "read-out window", lambda: _read_out_window(session))


def _read_out_window(session: xr.Dataset) -> Window | None:
    if "outcome_onset" not in session.coords:
        return None
    delay = session.variables["outcome_onset"].values - session.variables["input_onset"].values
    if not np.isfinite(delay).any():
        return None
    latest = float(np.nanmedian(delay))
    return latest - READ_OUT, latest


def spared_in(session: xr.Dataset, chosen: Trials, cells: Cells) -> Cells:
    """Return the cells that none of these trials aimed a manipulation at."""
    if "targeted" not in session:
        return cells
    hit = once(session, ("targeted", chosen.tobytes()), lambda: _targeted_in(session, chosen))
    return np.asarray(cells[~hit[cells]])


def _targeted_in(session: xr.Dataset, chosen: Trials) -> npt.NDArray[np.bool_]:
    return np.asarray(session.variables["targeted"].values[chosen].any(axis=0))


def in_area(session: xr.Dataset, chosen: Trials, area: str) -> Trials:
    """Return those of the trials in which an area was manipulated."""
    key = ("in area", chosen.tobytes(), area)
    return once_alike(
        session, key, lambda: chosen[session.variables["manipulated_area"].values[chosen] == area]
    )


def mean_over(values: Sequence[float]) -> float:
    """Return the mean, NaN if there is nothing."""
    if len(values) == 1:
        return float(values[0])
    return float(np.mean(values)) if len(values) else float("nan")
