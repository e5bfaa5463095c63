"""What every hierarchical theory refuses: impossible layers, rates, conductances and steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows
from errorneurons.simulate.circuit import Timing
from errorneurons.simulate.parts.activations import AreaActivations
from errorneurons.simulate.parts.connectivity import Strengths
from errorneurons.simulate.parts.plasticity import Rates, is_table
from errorneurons.simulate.refusing import (
    all_known,
    known,
    lengths,
    not_negative,
    populated,
    stable_step,
    table,
)


class Hierarchy(Protocol):
    """What all theories with stacked areas have in common."""

    @property
    def theory(self) -> str:
        """Identifier."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons in the input and in each area."""

    @property
    def timing(self) -> Timing:
        """The clock."""

    @property
    def phi(self) -> AreaActivations:
        """Activation functions of the representation neurons."""

    @property
    def learning_rates(self) -> Rates:
        """The rates of plasticity of each area or projection."""


class Dendritic(Hierarchy, Protocol):
    """A theory with apical errors."""

    @property
    def cut(self) -> tuple[str, ...]:
        """Names of what is cut."""

    @property
    def tau(self) -> Array:
        """Membrane time constants [ms], (neuron,)."""


class Freezable(Protocol):
    """A theory in which routes can be cut and areas frozen."""

    @property
    def theory(self) -> str:
        """Identifier."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons in the input and in each area."""

    @property
    def cut(self) -> tuple[str, ...]:
        """Names of what is cut."""

    @property
    def frozen(self) -> tuple[str, ...]:
        """Names of areas in which nothing is learnt."""


def check_hierarchy(circuit: Hierarchy) -> None:
    """Refuse impossible layers, activation functions and learning rates.

    Raises
    ------
    ValueError
        If a parameter is impossible.
    """
    populated(f"layers of {circuit.theory}", circuit.layers, 2)
    areas = len(circuit.layers) - 1
    _ = circuit.phi  # checks the names of the activation functions
    if is_table(circuit.learning_rates):
        table("learning_rates", circuit.learning_rates, areas, areas + 1)  # type: ignore[arg-type]
    else:
        lengths("learning_rates", circuit.learning_rates, areas)


def check_connectivity(connectivity: Strengths | None, areas: int) -> None:
    """Refuse a table of strengths that is not (area, input or area) and feedforward.

    Raises
    ------
    ValueError
        If the table has another shape, or an area projects to itself or to a lower one.
    """
    if connectivity is None:
        return
    table("connectivity", connectivity, areas, areas + 1)
    for target, row in enumerate(connectivity, start=1):
        if any(row[target:]):
            source = next(k for k in range(target, areas + 1) if row[k])
            raise ValueError(
                f"connectivity lets area {source} project forward to area {target}; forward "
                "projections ascend: set this strength to 0 (feedback is their transpose)"
            )


def check_numbers(
    circuit: Hierarchy, values: Mapping[str, PerNetwork], time_constants: Mapping[str, PerNetwork]
) -> None:
    """Refuse negative values, and a time step with which potentials diverge.

    Raises
    ------
    ValueError
        If a value is negative or the step too long.
    """
    not_negative(circuit.theory, values)
    shortest = min(float(np.min(tau)) for tau in time_constants.values())
    stable_step(circuit.theory, circuit.timing.dt, shortest)


def check_options(circuit: Hierarchy, options: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse options that do not exist.

    Raises
    ------
    ValueError
        If the value of an option is not on its list.
    """
    for name, choices in options.items():
        known(f"{name} of {circuit.theory}", getattr(circuit, name), choices)


def check_names(circuit: Freezable, routes: Collection[str]) -> None:
    """Refuse names of what is cut or frozen that do not exist.

    Raises
    ------
    ValueError
        If an entry of `cut` is none of `routes`, or one of `frozen` is no area.
    """
    all_known(f"cut of {circuit.theory}", circuit.cut, routes)
    all_known(f"frozen of {circuit.theory}", circuit.frozen, area_rows(circuit.layers[1:]))


def check_dendritic(
    circuit: Dendritic, lateral_rates: tuple[str, ...], routes: tuple[str, ...]
) -> None:
    """Refuse impossible parameters of a theory with apical errors.

    Parameters
    ----------
    circuit
        The circuit.
    lateral_rates
        Names of the fields that hold one rate for each hidden area.
    routes
        Names of what can be cut.

    Raises
    ------
    ValueError
        If a parameter is impossible.
    """
    check_hierarchy(circuit)
    all_known(f"cut of {circuit.theory}", circuit.cut, routes)
    hidden = len(circuit.layers) - 2
    for name in lateral_rates:
        rates = getattr(circuit, name)
        if len(rates) != hidden:
            raise ValueError(
                f"{name} of {circuit.theory} has {len(rates)} entries for {hidden} hidden areas; "
                "give one for each area but the output"
            )
    check_options(
        circuit,
        {
            "feedback": ("transpose", "fixed"),
            "target": ("rate", "potential"),
            "plasticity": ("potential", "rate"),
            "lateral": ("plastic", "ideal"),
        },
    )
    names = ("g_leak", "g_basal", "g_apical", "g_dendrite", "g_interneuron", "g_target",
             "feedback_noise", "weight_scale")  # fmt: skip
    check_numbers(circuit, {n: getattr(circuit, n) for n in names}, {"R": float(circuit.tau.min())})
