"""Theories that a published experiment leaves out, put to its task as they are in the report.

A rival has the layers of the task and keeps its own parameters, its step of 1 ms and its time to
settle (`held.paced`). Hidden areas have the activation of the task, the output is linear, so that
targets are what the theory compares, be that potentials or rates; theories without a choice of
activation keep theirs. What learns faster or slower on the task than in the report has a pace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.tasks.held import OWN_STEP
from errorneurons.simulate.theories.from_file import theory_named
from errorneurons.simulate.theories.registry import THEORIES

OWN_TIMING = Timing(OWN_STEP, 0.0)


def rivals(task: str, published: Sequence[str]) -> tuple[str, ...]:
    """Return the theories that are put to a task beside those it was published with.

    Parameters
    ----------
    task
        Its name.
    published
        The theories of the experiment.
    """
    return tuple(
        theory.name
        for theory in THEORIES
        if not theory.variant_of and theory.name not in published and task not in theory.cannot
    )


def rival(
    theory: str,
    task: str,
    layers: tuple[int, ...],
    hidden: str = "tanh",
    *,
    timing: Timing = OWN_TIMING,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> Any:
    """Return a theory with the layers of a task, and its learning rates times its pace there.

    Parameters
    ----------
    theory
        Name, or Python file, see `from_file.theory_named`.
    task
        Name.
    layers
        Neurons in the input and in each area, lowest first.
    hidden
        Activation of hidden areas.
    timing
        Its clock.
    changes
        Parameters that are others on this task, for theories that have them.

    Raises
    ------
    ValueError
        If its circuit cannot have those layers.
    """
    entry = theory_named(theory)
    circuit: Any = entry.circuit
    areas, pace = len(layers) - 1, entry.paces.get(task, 1.0)
    known = {field.name for field in fields(circuit)}
    wanted: dict[str, Any] = {"outcomes": layers[-1], **changes}
    if isinstance(getattr(circuit, "activation", ""), tuple):
        wanted["activation"] = (*(hidden,) * (areas - 1), "linear")
    if "learning_rate" in known:
        wanted["learning_rate"] = pace * circuit.learning_rate
    if "learning_rates" in known:
        *below, top = circuit.learning_rates
        wanted["learning_rates"] = _scaled(pace, (*_fitted(below, areas - 1), top))
    for name in ("lateral_rates", "interneuron_rates", "inhibition_rates"):
        if name in known:
            wanted[name] = _scaled(pace, _fitted(getattr(circuit, name), areas - 1))
    fitting = {name: value for name, value in wanted.items() if name in known}
    try:
        return replace(circuit, layers=layers, timing=timing, **fitting)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{entry.name} cannot be put to {task}, of layers {'-'.join(map(str, layers))}: {error}"
        ) from error


def _fitted(rates: Sequence[float], areas: int) -> tuple[float, ...]:
    """Return rates of so many areas: the first ones, the last of them again where there are few."""
    return (*rates, *(rates[-1],) * areas)[:areas]


def _scaled(factor: float, rates: Sequence[float]) -> tuple[float, ...]:
    return tuple(factor * rate for rate in rates)
