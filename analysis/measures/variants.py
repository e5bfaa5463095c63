"""Activity of neuron types across theories, ablations, connectivity and sizes, in one dataset.

Sessions of unequal circuits are put together by the labels of their areas, roles, conditions and
times: where a circuit has no such neurons, or a combination does not exist, there is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.activity import activity, magnitude, mean_rate
from errorneurons.analysis.measures.conditions import panels_of
from errorneurons.analysis.measures.energies import Factors
from errorneurons.analysis.session.schema import ROLES

_Key = tuple[str, ...]

VARIANT = ("theory", "ablation", "connectivity", "size", "network")
WITHIN = ("area", "role", "condition", "time")
_CURVES = {"mean": mean_rate, "response": magnitude}
_NAMES = {
    "theory": "theory",
    "ablation": "what was taken away",
    "connectivity": "how areas are wired",
    "size": "neurons of each area, lowest first",
    "network": "network, the virtual animal",
    "area": "area, lowest first",
    "role": "neuron type",
    "condition": "condition of the trials",
    "time": "time, centres of the bins",
}
_SAID = ("theory", "ablation", "connectivity", "layers", "animal")
"""Attributes by which a session says what it is of."""


def by_variant(
    sessions: Iterable[xr.Dataset], panels: Sequence[str] = (), lines: Sequence[str] = ()
) -> xr.Dataset:
    """Return the activity of neuron types across all variants of which there are sessions.

    Parameters
    ----------
    sessions
        Simulated sessions of one experiment; each is looked at once, so they may come one by one.
    panels, lines
        Columns of trials that make conditions, as in `conditions.panels_of`.

    Returns
    -------
    Dataset
        ``mean``, the mean over cells and trials, and ``response``, the size of the response,
        cross-validated over trials (see `activity.magnitude`), in the units of the sessions; dims
        (theory, ablation, connectivity, size, network, area, role, condition, time).

    Raises
    ------
    ValueError
        If there is no session, or one does not say what it is of.
    """
    found = _Found()
    for session in sessions:
        found.take(session, panels, lines)
    if not found.blocks:
        raise ValueError("there is no session to take activity from; give one or more")
    return found.joined()


@dataclass
class _Found:
    """What was taken from sessions so far: variant and network -> blocks of activity."""

    blocks: list[tuple[_Key, xr.Dataset]] = field(default_factory=list)
    levels: dict[str, list[float]] = field(default_factory=dict)
    conditions: dict[str, dict[str, Factors]] = field(default_factory=dict)

    def take(self, session: xr.Dataset, panels: Sequence[str], lines: Sequence[str]) -> None:
        """Take the activity of one session; all sessions of a day have the same trials."""
        key = _key(session)
        day = f"{session.attrs.get('day', 1):g}"
        if day not in self.conditions:
            self.conditions[day] = _conditions(session, panels, lines)
        rows = self.conditions[day]
        curves = {name: activity([session], rows, how)["mean"] for name, how in _CURVES.items()}
        block = xr.Dataset(curves).transpose(*WITHIN)
        self.blocks.append((key, block.assign_attrs(day=day)))
        for area in block["area"].values.tolist():
            level = session["level"].values[session["area"].values == area]
            self.levels.setdefault(area, []).append(float(np.nanmean(level)))

    def joined(self) -> xr.Dataset:
        """Return one dataset of all blocks."""
        several = len(self.conditions) > 1
        named = [(key, _of_day(block) if several else block) for key, block in self.blocks]
        labels = self._labels(named)
        places = {dim: {x: k for k, x in enumerate(own)} for dim, own in labels.items()}
        shape = tuple(len(own) for own in labels.values())
        arrays = {name: np.full(shape, np.nan) for name in _CURVES}
        for key, block in named:
            at = tuple(places[dim][x] for dim, x in zip(VARIANT, key, strict=True))
            within = np.ix_(*([places[d][x] for x in block[d].values.tolist()] for d in WITHIN))
            for name, array in arrays.items():
                array[at][within] = block[name].values
        first = named[0][1]
        made = xr.Dataset(
            {name: (tuple(labels), array, first[name].attrs) for name, array in arrays.items()},
            {dim: (dim, own, {"long_name": _NAMES[dim]}) for dim, own in labels.items()},
        )
        made["time"].attrs["units"] = "s"
        made["mean"].attrs["long_name"] = "mean activity"
        return made

    def _labels(self, blocks: Sequence[tuple[_Key, xr.Dataset]]) -> Mapping[str, list[object]]:
        columns = zip(*(key for key, _ in blocks), strict=True)
        labels = {
            dim: list(dict.fromkeys(own)) for dim, own in zip(VARIANT, columns, strict=True)
        } | {
            dim: list(dict.fromkeys(x for _, b in blocks for x in b[dim].values.tolist()))
            for dim in WITHIN
        }
        labels["network"].sort()
        labels["time"].sort()
        labels["area"].sort(key=lambda area: (np.mean(self.levels[area]), area))
        labels["role"].sort(key=ROLES.index)
        return labels


def _key(session: xr.Dataset) -> _Key:
    """Return where a session belongs: theory, ablation, connectivity, size and network."""
    attrs = session.attrs
    missing = [name for name in _SAID if name not in attrs]
    if missing:
        raise ValueError(
            f"session {attrs.get('session_id', '')} of {attrs.get('animal', 'nobody')} does not "
            f"say its {', '.join(missing)}; give sessions that were simulated by this version"
        )
    theory, ablation, connectivity, layers, animal = (str(attrs[name]) for name in _SAID)
    return theory, ablation, connectivity, layers.partition("-")[2], animal


def _conditions(
    session: xr.Dataset, panels: Sequence[str], lines: Sequence[str]
) -> dict[str, Factors]:
    """Return the conditions of all panels, named by panel and line."""
    found: dict[str, Factors] = {}
    for panel in panels_of(session, panels, lines):
        for line, factors in panel.lines.items():
            shared = [known for known, own in found.items() if own == factors]
            label = ": ".join(filter(None, (panel.title, line))) or "all trials"
            if not shared:
                found[label] = factors
    return found


def _of_day(block: xr.Dataset) -> xr.Dataset:
    names = [f"day {block.attrs['day']}, {name}" for name in block["condition"].values.tolist()]
    return block.assign_coords(condition=names)
