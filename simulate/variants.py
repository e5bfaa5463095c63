"""Variants of theories: something taken away, wired otherwise, or of other sizes.

A variant is an entry like those of the registry, made from one of them: theory x ablation x
connectivity x sizes -> circuit. A combination that makes no sense is refused in one sentence;
`combined` puts many together, and says which it skips and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from errorneurons.simulate.ablations.changes import same
from errorneurons.simulate.ablations.registry import Ablation
from errorneurons.simulate.ablations.registry import ablation as ablation_named
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.runner import check_possible, sessions
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.experiments.registry import named_experiment
from errorneurons.simulate.instrument.instrument import recorded_by
from errorneurons.simulate.parts.connectivity import Strengths, strengths_of
from errorneurons.simulate.refusing import populated, whole_number
from errorneurons.simulate.theories.from_file import theory_named
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.theories.registry import theory as find

WHOLE = "intact"
_OWN = "chain"
"""How every theory can be wired: each area projects to the next one."""
_LISTS = ("layers", "cut", "frozen", "parts")
"""Parameters that are lists, but not of one value an area."""


@dataclass(frozen=True)
class Skipped:
    """A combination that makes no sense, or of which no network could be used, and why."""

    theory: str
    ablation: str
    connectivity: str
    size: str
    reason: str


def variant(
    name: str,
    without: str = WHOLE,
    connectivity: str | None = None,
    layers: Sequence[int] | None = None,
) -> Theory:
    """Return a theory with something taken away, wired otherwise, or of other sizes.

    Parameters
    ----------
    name
        A theory, counter-circuit or control of the registry.
    without
        Name of an ablation, or ``"intact"``. A lesion that can be made in trained synapses is made
        after training; what cannot is there from the start.
    connectivity
        A name of `CONNECTIVITY` or the path of a CSV file; by default the theory's own.
    layers
        Neurons in the input and in each area, lowest first; by default the theory's own. Rates and
        activation functions of another number of areas lie between those of the theory's own.

    Returns
    -------
    Theory
        An entry that can be put through any experiment.

    Raises
    ------
    ValueError
        If a name is unknown, or the combination makes no sense.

    Examples
    --------
    >>> variant("error_microcircuit", "no_error_feedback", "macaque_binned").attributes
    {'theory': 'error_microcircuit', 'ablation': 'no_error_feedback', 'connectivity': \
'macaque_binned', 'layers': '10-20-15-10-5'}
    """
    return _varied(find(name), without, connectivity, layers)


def _varied(
    known: Theory, without: str, connectivity: str | None, layers: Sequence[int] | None
) -> Theory:
    made = _wired(_resized(known, layers), connectivity)
    if without != WHOLE:
        made = _ablated(made, ablation_named(without))
    given = (
        () if without == WHOLE else (without,),
        () if connectivity in (None, known.connectivity) else (made.connectivity,),
        () if made.circuit.layers == known.circuit.layers else (made.attributes["layers"],),
    )
    changes = tuple(part for parts in given for part in parts)
    return replace(made, changes=changes, label=", ".join((known.label, *changes)))


def simulated(
    theory: str,
    experiment: str,
    animals: int = 4,
    seed: int = 1,
    *,
    ablation: str = WHOLE,
    connectivity: str | None = None,
    layers: str | Sequence[int] | None = None,
    repeats: int = 5,
    instrument: str | None = None,
) -> Iterator[xr.Dataset]:
    """Put a theory through an experiment, and record it: one session a network and day.

    Parameters
    ----------
    theory
        Name of a theory, counter-circuit or control, see `THEORIES`; or path of a Python file of
        your own, which is run, that ends in ``THEORY = Theory(...)``.
    experiment
        Name of an experiment, see `EXPERIMENTS`, or path of a table of trials that ends in .csv.
    animals
        Virtual animals; each is a network that was trained.
    seed
        Seed of everything random.
    ablation
        Name of what is taken away (`errorneurons list ablations`).
    connectivity
        ``"chain"``, ``"dense"``, ``"macaque_binned"``, ``"macaque_fln"`` or the path of a CSV file
        with columns source, target and strength; by default the theory's own.
    layers
        Neurons in the input and in each area, lowest first, e.g. ``"10-20-15-10-5"``.
    repeats
        Trials of each kind.
    instrument
        ``"spikes"``, ``"calcium"``, ``"tufts"`` or ``"rates"``, those that cells are expected to
        have; by default spikes where the errors are.

    Returns
    -------
    iterator of Dataset
        Sessions, dims (trial, time, unit), simulated as they are asked for. A network that
        diverges or oscillates is left out.

    Raises
    ------
    ValueError
        At once, if the theory cannot be put through the experiment or the variant makes no sense.

    Examples
    --------
    >>> import errorneurons as en
    >>> session = next(en.simulate("supervised_pc", "novelty", animals=1, repeats=2))
    >>> session["rate"].dims, session.attrs["theory"], session.attrs["ablation"]
    (('trial', 'time', 'unit'), 'supervised_pc', 'intact')
    """
    whole_number("animals", animals, 1)
    sizes = layers_of(layers) if isinstance(layers, str) else layers
    made = _varied(theory_named(theory), ablation, connectivity, sizes)
    seen = recorded_by(instrument, made.circuit)
    chosen = replace(named_experiment(experiment), repeats=repeats)
    tried = (made, chosen, Animals(animals, seed), seen)
    check_possible(*tried)
    return sessions(*tried)


def layers_of(text: str) -> tuple[int, ...]:
    """Return the neurons of the input and of each area from a text like ``10-20-15-10-5``.

    Raises
    ------
    ValueError
        If it is no such text.
    """
    try:
        return tuple(int(size) for size in text.split("-"))
    except ValueError:
        raise ValueError(
            f"layers is {text!r}; give the neurons of the input and of each area, lowest first, "
            "with hyphens between them, e.g. 10-20-15-10-5"
        ) from None


def combined(
    theories: Sequence[str],
    ablations: Sequence[str],
    connectivity: Sequence[str | None],
    layers: Sequence[Sequence[int] | None],
) -> tuple[tuple[Theory, ...], tuple[Skipped, ...]]:
    """Return every combination that makes sense as a theory, and the others with the reason.

    Parameters
    ----------
    theories, ablations
        Names.
    connectivity
        Names, or paths of CSV files; None for each theory's own.
    layers
        Neurons in the input and in each area, lowest first; None for the theory's own.

    Raises
    ------
    ValueError
        If a name is unknown, two tables have the same, or no combination makes sense.
    """
    for name in theories:
        find(name)
    for name in ablations:
        _ = name == WHOLE or ablation_named(name)
    _refuse_namesakes(connectivity)
    made: dict[str, Theory] = {}
    skipped = []
    for name, without, wiring, sizes in product(theories, ablations, connectivity, layers):
        known = find(name)
        try:
            found = variant(name, without, wiring, sizes)
        except ValueError as error:
            shown = "-".join(map(str, (sizes or known.circuit.layers)[1:]))
            wired = known.connectivity if wiring is None else named(wiring)
            skipped.append(Skipped(name, without, wired, shown, str(error)))
        else:
            made.setdefault(found.identifier, found)
    if not made:
        reasons = dict.fromkeys(s.reason for s in skipped)
        raise ValueError(f"no combination makes sense: {'; '.join(reasons)}")
    return tuple(made.values()), tuple(skipped)


def named(connectivity: str) -> str:
    """Return what a connectivity is called: its name, or that of its file."""
    name = str(connectivity)
    return Path(name).name if name.endswith(".csv") else name


def _refuse_namesakes(connectivity: Sequence[str | None]) -> None:
    """Refuse tables of one name in several folders: it is what tells their results apart."""
    tables: dict[str, str] = {}
    for path in (str(c) for c in connectivity if c is not None):
        other = tables.setdefault(named(path), path)
        if Path(other).resolve() != Path(path).resolve():
            raise ValueError(f"{other} and {path} have the same name; rename one of the tables")


def _resized(known: Theory, layers: Sequence[int] | None) -> Theory:
    if layers is None:
        return known
    populated("layers", layers, 3)
    if tuple(layers) == known.circuit.layers:
        return known
    own = tuple(int(size) for size in layers)
    trained = None if known.trained is None else _of_layers(known.trained, own)
    resized = replace(known, circuit=_of_layers(known.circuit, own), trained=trained)
    # a table of strengths has the size of the circuit that it was made for
    return _wired(resized, known.connectivity) if known.connectivity != _OWN else resized


def _of_layers(circuit: Circuit[Any, Any], layers: tuple[int, ...]) -> Circuit[Any, Any]:
    """Return a circuit with other layers; what it has one of an area is drawn out, or together."""
    before, after = len(circuit.layers) - 1, len(layers) - 1
    changed: dict[str, Any] = {"layers": layers}
    for name, value in _parameters(circuit).items():
        if name == "outcomes":
            changed[name] = layers[-1]
        elif name == "connectivity" and value is not None and before != after:
            changed[name] = None
        elif name not in _LISTS and _by_area(value, before):
            changed[name] = _drawn_out(value, len(value) + after - before)
    made: Circuit[Any, Any] = replace(circuit, **changed)  # type: ignore[type-var]
    return made


def _by_area(value: Any, areas: int) -> bool:
    """Return whether a parameter has one number or name for each area, or each but the last."""
    if not isinstance(value, tuple) or len(value) not in (areas, areas - 1):
        return False
    return not any(isinstance(part, tuple) for part in value)


def _drawn_out(values: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """Return values of other areas, between those of the areas at the same relative depth."""
    if len(values) == count:
        return values
    if isinstance(values[0], str):
        return (*(values[0],) * (count - 1), values[-1])
    depth = np.linspace(0, 1, count) if count > 1 else np.ones(1)
    there = np.linspace(0, 1, len(values))
    if min(values) > 0:  # rates grow from area to area by factors
        return tuple(np.exp(np.interp(depth, there, np.log(values))).tolist())
    return tuple(np.interp(depth, there, values).tolist())


def _wired(known: Theory, connectivity: str | None) -> Theory:
    if connectivity is None or connectivity == known.connectivity == _OWN:
        return known
    strengths = strengths_of(connectivity, len(known.circuit.layers) - 1)
    if "connectivity" not in _parameters(known.circuit):
        if connectivity == _OWN:
            return known
        raise ValueError(
            f"{known.name} cannot be wired as {named(connectivity)}: by its equations each of its "
            f"areas projects to the next one only; wire it as {_OWN}"
        )
    trained = None if known.trained is None else _linked(known.trained, strengths)
    return replace(
        known,
        circuit=_linked(known.circuit, strengths),
        trained=trained,
        connectivity=named(connectivity),
    )


def _linked(circuit: Circuit[Any, Any], strengths: Strengths) -> Circuit[Any, Any]:
    made: Circuit[Any, Any] = replace(circuit, connectivity=strengths)  # type: ignore[type-var]
    return made


def _ablated(known: Theory, a: Ablation) -> Theory:
    why = _why_not(known, a)
    if why is not None:
        raise ValueError(why)
    circuit: Circuit[Any, Any] = a.apply(known.circuit)
    if same(known.circuit, circuit):
        raise ValueError(
            f"{a.name} changes nothing in {known.name} wired as {known.connectivity} with areas of "
            f"{known.attributes['layers'].partition('-')[2]} neurons"
        )
    return replace(
        known, circuit=circuit, trained=known.circuit if a.acute else None, ablation=a.name
    )


def _why_not(known: Theory, a: Ablation) -> str | None:
    """Return why an ablation makes no sense for a theory however it is wired, None if it does."""
    family = known.variant_of or known.name
    if known.kind == "counter_circuit" or known.trained is not None:
        return f"{known.name} is broken, or left untrained, on purpose; ablate a theory"
    return None if family in a.theories else a.why_not(family)


def _parameters(circuit: Circuit[Any, Any]) -> dict[str, Any]:
    return {f.name: getattr(circuit, f.name) for f in fields(circuit)}  # type: ignore[arg-type]
