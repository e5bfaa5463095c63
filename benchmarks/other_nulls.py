"""What is said where something else than errors drives cells, or a few rule the rest.

Run with ``python benchmarks/other_nulls.py``; it takes some minutes. Networks of a theory go
through an experiment, and are recorded. Of each of many recordings, some of the networks are drawn,
and their sessions are changed: by a signal that all cells share, by a gain that goes with the
outcome, by outcomes whose names are dealt anew in half of the animals, by one animal that has nine
tenths of the units, or by one unit that fires fifty times as much. The same is done to sessions in
which outcomes evoke nothing of their own: cells fire as they do on average over expected and
unexpected ones, and lasers do what they should to the cells that they are aimed at. There no claim
on outcomes has an answer. The table in Markdown, shares of recordings that are SUPPORTED and
CONTRADICTED, goes to standard output.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from answers import DECIDED, counted, outcomes_by, some_animals  # beside this file

import errorneurons as en
from errorneurons.predictions.claims.claim import Claim, Outcome
from errorneurons.predictions.claims.registry import CLAIMS
from errorneurons.simulate.arrays import generator

THEORIES = ("error_microcircuit",)
NETWORKS, ANIMALS = 16, 8
SHARED = 10.0
"""What all cells fire more where animals run, on average [Hz]."""
MORE = 1.5
"""Gain in trials with unexpected outcomes."""
TIMES = 50.0
"""How much more than its own rate a unit fires that rules the others."""
KEPT = 1 / 9
"""Share of their units that all animals but one keep."""

Change = Callable[[xr.Dataset, np.random.Generator, int], xr.Dataset]
"""Session, generator, number of the animal -> what is recorded in its place."""


def _with(session: xr.Dataset, rate: npt.NDArray[np.floating]) -> xr.Dataset:
    return session.assign(rate=session["rate"].copy(data=rate.astype(np.float32)))


def _counts(
    rate: npt.NDArray[np.floating], width: float, rng: np.random.Generator
) -> npt.NDArray[np.floating]:
    return np.asarray(rng.poisson(np.maximum(rate, 0.0) * width) / width)


def _width(session: xr.Dataset) -> float:
    return float(np.diff(session["time"].values[:2])[0])


def nothing(session: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    """Return cells that fire alike at expected and unexpected outcomes, where lasers work."""
    c = {name: session[name].values for name in session.coords if session[name].dims == ("trial",)}
    kind = np.array(
        [f"{s}|{o != 'none'}" for s, o in zip(c["stimulus"], c["outcome"], strict=True)]
    )
    plain = c["manipulation"] == "none"
    mean = session["rate"].values.astype(float)
    for name in np.unique(kind):
        own = kind == name
        if (own & plain).any():
            mean[own] = mean[own & plain].mean(axis=0)
    time = session["time"].values
    lit = (time >= c["manipulation_onset"][:, None]) & (time < c["manipulation_offset"][:, None])
    area, role = session["area"].values, session["role"].values
    aimed = (role == c["manipulated_role"][:, None]) & np.array(
        [(area == a) | (a == "all") for a in c["manipulated_area"]]
    )
    hit = lit[:, :, None] & aimed[:, None, :]
    driven = (c["manipulation"] == "drive")[:, None, None]
    mean = np.where(hit, np.where(driven, 3 * mean, 0.0), mean)
    return _with(session, _counts(mean, _width(session), rng))


def as_it_is(
    session: xr.Dataset,
    rng: np.random.Generator,  # noqa: ARG001
    animal: int,  # noqa: ARG001
) -> xr.Dataset:
    """Return the session."""
    return session


def shuffled_in_half(session: xr.Dataset, rng: np.random.Generator, animal: int) -> xr.Dataset:
    """Return a session of which, in half of the animals, expected is dealt anew among outcomes."""
    if animal % 2:
        return session
    outcome = session["outcome"].values.copy()
    lasers = session["manipulation"].values
    for laser in np.unique(lasers):
        own = np.flatnonzero((outcome != "none") & (lasers == laser))
        outcome[own] = outcome[rng.permutation(own)]
    return session.assign_coords(outcome=("trial", outcome))


def running(
    session: xr.Dataset,
    rng: np.random.Generator,
    animal: int,  # noqa: ARG001
) -> xr.Dataset:
    """Return a session in which all cells fire more from unexpected outcomes on."""
    return _while_running(session, rng, np.ones(session.sizes["unit"]))


def running_by_rate(
    session: xr.Dataset,
    rng: np.random.Generator,
    animal: int,  # noqa: ARG001
) -> xr.Dataset:
    """Return the same, by as much more as cells fire anyway."""
    usual = session["rate"].values.mean(axis=(0, 1))
    return _while_running(session, rng, usual / usual.mean())


def _while_running(
    session: xr.Dataset, rng: np.random.Generator, loads: npt.NDArray[np.floating]
) -> xr.Dataset:
    runs = (session["outcome"].values == "unexpected") * rng.gamma(
        4.0, 0.25, session.sizes["trial"]
    )
    on = session["time"].values[None] >= session["outcome_onset"].values[:, None]
    shared = SHARED * (runs[:, None] * on)[..., None] * loads
    return _with(session, session["rate"].values + _counts(shared, _width(session), rng))


def gain(
    session: xr.Dataset,
    rng: np.random.Generator,
    animal: int,  # noqa: ARG001
) -> xr.Dataset:
    """Return a session in which all cells fire more, by a factor, where outcomes are unexpected."""
    more = np.where(session["outcome"].values == "unexpected", MORE, 1.0)
    more = more * np.exp(0.2 * rng.normal(size=len(more)))
    return _with(session, session["rate"].values * more[:, None, None])


def one_has_all(session: xr.Dataset, rng: np.random.Generator, animal: int) -> xr.Dataset:
    """Return a session with few of its units, but for one animal."""
    if animal == 0:
        return session
    kinds = np.char.add(session["area"].values.astype(str), session["role"].values.astype(str))
    chosen = []
    for kind in np.unique(kinds):
        own = rng.permutation(np.flatnonzero(kinds == kind))
        chosen.append(own[: max(1, round(KEPT * len(own)))])
    return session.isel(unit=np.sort(np.concatenate(chosen)))


def one_fires(
    session: xr.Dataset,
    rng: np.random.Generator,
    animal: int,  # noqa: ARG001
) -> xr.Dataset:
    """Return a session one unit of which fires fifty times as much."""
    times = np.ones(session.sizes["unit"])
    times[rng.integers(len(times))] = TIMES
    return _with(session, session["rate"].values * times)


CHANGES: dict[str, Change] = {
    "as it is": as_it_is,
    "outcomes shuffled in half of the animals": shuffled_in_half,
    "all cells fire more, as if running": running,
    "the same in proportion to their rates": running_by_rate,
    "a gain of all cells goes with the outcome": gain,
    "one animal has nine tenths of the units": one_has_all,
    "one unit fires 50 times as much": one_fires,
}


def outcomes_of(
    sessions: Sequence[xr.Dataset], claims: Sequence[Claim], changed: Change, count: int, seed: int,
    *, empty: bool,
) -> dict[str, Counter[Outcome]]:  # fmt: skip
    """Return what is said of each claim, of many recordings that are changed."""

    def made() -> Iterator[list[xr.Dataset]]:
        for k in range(count):
            rng = generator(seed, "other nulls", k)
            chosen = some_animals(sessions, ANIMALS, rng)
            own = [s for s in sessions if s.attrs["animal"] in chosen]
            yield [
                changed(nothing(s, rng) if empty else s, rng, chosen.index(s.attrs["animal"]))
                for s in own
            ]

    return counted(made(), outcomes_by(claims))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--theory", action="append", help="by default the microcircuit")
    parser.add_argument("--experiment", default="outcome_error")
    parser.add_argument("--change", action="append", choices=CHANGES, help="by default all")
    arguments = parser.parse_args()
    claims = [c for c in CLAIMS if c.shown_by == arguments.experiment]
    print(f"| recording | {' | '.join(c.key for c in claims)} |")
    print("|---" * (1 + len(claims)) + "|")
    for theory in arguments.theory or THEORIES:
        sessions = list(en.simulate(theory, arguments.experiment, NETWORKS, arguments.seed))
        for empty in (False, True):
            for name in arguments.change or CHANGES:
                found = outcomes_of(
                    sessions,
                    claims,
                    CHANGES[name],
                    arguments.recordings,
                    arguments.seed,
                    empty=empty,
                )
                rates = " | ".join(_rates(found[c.key]) for c in claims)
                print(f"| {'nothing' if empty else theory}, {name} | {rates} |", flush=True)


def _rates(found: Counter[Outcome]) -> str:
    decided = (found[o] / found.total() for o in DECIDED)
    return ", ".join(f"{letter} {rate:.2f}" for letter, rate in zip("SC", decided, strict=True))


if __name__ == "__main__":
    main()
