"""Variants of theories: something taken away, wired otherwise, or of other sizes.

A variant is an entry like those of the registry, made from one of them: theory x ablation x
connectivity x sizes -> circuit. A combination that makes no sense is refused in one sentence;
`combined` puts many together, and says which it skips and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from errorneurons.simulate.ablations.registry import Ablation, ablation, same
from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.parts.connectivity import Strengths, strengths_of
from errorneurons.simulate.refusing import populated
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.theories.registry import theory as find

INTACT = "intact"
OWN = "chain"
"""How every theory can be wired: each area projects to the next one."""
OTHERWISE = ("layers", "cut", "frozen")
"""Parameters that are lists, but not of one value an area."""
Sizes = tuple[int, ...]


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
    without: str = INTACT,
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
    known = find(name)
    made = _wired(_resized(known, layers), connectivity)
    if without != INTACT:
        made = _ablated(made, ablation(without))
    given = (
        () if without == INTACT else (without,),
        () if connectivity in (None, known.connectivity) else (made.connectivity,),
        () if made.circuit.layers == known.circuit.layers else (made.attributes["layers"],),
    )
    changes = tuple(part for parts in given for part in parts)
    return replace(made, changes=changes, label=", ".join((known.label, *changes)))


def combined(
    theories: Sequence[str],
    ablations: Sequence[str],
    connectivity: Sequence[str | None],
    sizes: Sequence[Sequence[int] | None],
) -> tuple[tuple[Theory, ...], tuple[Skipped, ...]]:
    """Return every combination that makes sense as a theory, and the others with the reason.

    Parameters
    ----------
    theories, ablations
        Names.
    connectivity
        Names, or paths of CSV files; None for each theory's own.
    sizes
        Neurons of each area, lowest first, without the input, which stays the theory's own; None
        for the theory's own.

    Raises
    ------
    ValueError
        If a name is unknown, or no combination makes sense.
    """
    for name in theories:
        find(name)
    for name in ablations:
        _ = name == INTACT or ablation(name)
    made: dict[str, Theory] = {}
    skipped = []
    for name, without, wiring, size in product(theories, ablations, connectivity, sizes):
        known = find(name)
        layers = None if size is None else (known.circuit.layers[0], *size)
        try:
            found = variant(name, without, wiring, layers)
        except ValueError as error:
            shown = "-".join(map(str, size or known.circuit.layers[1:]))
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
    return Path(connectivity).name if connectivity.endswith(".csv") else connectivity


def _resized(known: Theory, layers: Sequence[int] | None) -> Theory:
    if layers is None or tuple(layers) == known.circuit.layers:
        return known
    populated("layers", layers, 3)
    own = tuple(int(size) for size in layers)
    trained = None if known.trained is None else _of_layers(known.trained, own)
    resized = replace(known, circuit=_of_layers(known.circuit, own), trained=trained)
    # a table of strengths has the size of the circuit that it was made for
    return _wired(resized, known.connectivity) if known.connectivity != OWN else resized


def _of_layers(circuit: Circuit[Any, Any], layers: Sizes) -> Circuit[Any, Any]:
    """Return a circuit with other layers; what it has one of an area is drawn out, or together."""
    before, after = len(circuit.layers) - 1, len(layers) - 1
    changed: dict[str, Any] = {"layers": layers}
    for name, value in _parameters(circuit).items():
        if name == "outcomes":
            changed[name] = layers[-1]
        elif name == "connectivity" and value is not None and before != after:
            changed[name] = None
        elif name not in OTHERWISE and _by_area(value, before):
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
    if connectivity is None or connectivity == known.connectivity == OWN:
        return known
    strengths = strengths_of(connectivity, len(known.circuit.layers) - 1)
    if "connectivity" not in _parameters(known.circuit):
        if connectivity == OWN:
            return known
        raise ValueError(
            f"{known.name} cannot be wired as {named(connectivity)}: by its equations each of its "
            f"areas projects to the next one only; wire it as {OWN}"
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
