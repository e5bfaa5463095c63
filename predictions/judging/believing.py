"""What is believed of a recording before it is judged: who is who, and in which units.

Everything that can be refused is refused here, before anything is measured or simulated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.labelling import FOLD
from errorneurons.analysis.session.contract import TRIALS_AT_ONCE, ContractError, check
from errorneurons.analysis.session.identity import spelled_otherwise

NO_SUCH_LOCALISER = "localiser_session_in_no_file"
"""The attribute that stands for a `localiser_session` that is not believed."""
SCALES = 30.0
"""Signals of animals whose sizes differ by more than this are in different units."""


def as_believed(sessions: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return sessions of a recording as far as they are to be believed.

    Raises
    ------
    ContractError
        If a session breaks the contract, animals or areas differ in spelling alone, the same
        activity is there twice, or signals or their units differ.
    DoorError
        If activity cannot be read.
    """
    for session in sessions:
        check(session)
    breaches = [
        *spelled_otherwise({str(k): session for k, session in enumerate(sessions)}),
        *_named_twice(sessions),
        *_given_twice(sessions),
        *_units(sessions),
    ]
    if breaches:
        raise ContractError(*breaches)
    known = {(str(s.attrs.get("animal")), _session_id(s)) for s in sessions}
    return [_with_known_localiser(session, known) for session in sessions]


def _session_id(session: xr.Dataset) -> str:
    return str(session.attrs.get("session_id")).split(FOLD)[0]


def _with_known_localiser(session: xr.Dataset, known: set[tuple[str, str]]) -> xr.Dataset:
    named = session.attrs.get("localiser_session")
    if not named or (str(session.attrs.get("animal")), str(named)) in known:
        return session
    attrs = {name: value for name, value in session.attrs.items() if name != "localiser_session"}
    believed = session.copy()
    believed.attrs = {**attrs, NO_SUCH_LOCALISER: str(named)}
    return believed


def _named_twice(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Name sessions of one name."""
    keys = Counter((str(s.attrs.get("animal")), str(s.attrs.get("session_id"))) for s in sessions)
    return [
        f"session {session_id} of {animal} stands there {count} times; give each its own session_id"
        for (animal, session_id), count in keys.items()
        if count > 1
    ]


def _given_twice(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Name sessions of unlike names that share activity, whatever its order."""
    told = [(session, _fingerprints(session)) for session in sessions]
    seen: dict[bytes, int] = {}
    breaches = []
    for at, (session, prints) in enumerate(told):
        others = Counter(k for p in prints if (k := seen.get(p)) is not None)
        for k, shared in others.items():
            other, theirs = told[k]
            if _name(other) != _name(session) and 2 * shared >= min(len(theirs), len(prints)):
                breaches.append(
                    f"{_name(other)} and {_name(session)} hold the same activity; give a recording "
                    "once"
                )
        seen |= dict.fromkeys(prints - seen.keys(), at)
    return breaches


_BINS = 8
"""Bins of a trial that are looked at."""
_TELLING = 0.9
"""Activity tells trials apart if so large a share of them is unlike any other of the session."""


def _name(session: xr.Dataset) -> str:
    return f"session {_session_id(session)} of {session.attrs.get('animal')}"


def _fingerprints(session: xr.Dataset) -> set[bytes]:
    """Return what tells each trial from any other, whatever the order of units.

    Nothing where activity does not tell the trials of the session apart, as few spikes do not.
    """
    rate, found = session["rate"], []
    step = max(1, rate.sizes["time"] // _BINS)
    for start in range(0, rate.sizes["trial"], TRIALS_AT_ONCE):
        block = rate.isel(trial=slice(start, start + TRIALS_AT_ONCE)).values[:, ::step]
        ordered = np.sort(np.nan_to_num(block), axis=-1)
        found += [row.tobytes() for row in ordered if row.min() < row.max()]
    different = {hashlib.sha256(row).digest() for row in found}
    return different if len(different) >= _TELLING * rate.sizes["trial"] else set()


def _units(sessions: Sequence[xr.Dataset]) -> list[str]:
    """Name signals that cannot be averaged over animals."""
    given = {(s["rate"].attrs.get("signal"), s["rate"].attrs.get("units")): s for s in sessions}
    if len(given) > 1:
        (one, first), (two, other) = list(given.items())[:2]
        return [
            (
                f"{_name(first)} holds {one[0]} in {one[1]}, {_name(other)} {two[0]} in "
                f"{two[1]}, and the two cannot be averaged; judge them one by one"
            )
        ]
    ((_, units),) = given
    if units != "dF/F":
        return []
    sizes = {k: size for k, session in enumerate(sessions) if (size := _size(session)) > 0}
    if not sizes:
        return []
    larger, smaller = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    times = sizes[larger] / sizes[smaller]
    if times <= SCALES:
        return []
    return [
        (
            f"dF/F varies {times:.0f} times as much in {_name(sessions[larger])} as in "
            f"{_name(sessions[smaller])}; give both as a ratio, not one in percent"
        )
    ]


def _size(session: xr.Dataset) -> float:
    """Return the standard deviation of a typical unit."""
    rate = session["rate"].values
    known = np.isfinite(rate).any(axis=(0, 1))
    return float(np.median(np.nanstd(rate[..., known], axis=(0, 1)))) if known.any() else 0.0
