"""Circuits that are built on the network of another theory, with other dynamics or plasticity."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import fields
from typing import Any

from errorneurons.simulate.circuit import Axons, Circuit, Population
from errorneurons.simulate.parts.layered import RoutedCircuit


class NestedCircuit(RoutedCircuit):
    """A circuit whose neurons are those of another one; it adds no parameter to those of both."""

    @property
    @abstractmethod
    def network(self) -> Circuit[Any, Any]:
        """The circuit on which it is built."""

    @property
    def output_area(self) -> str:
        """The area whose representation neurons are the output."""
        return self.network.output_area

    @property
    def populations(self) -> tuple[Population, ...]:
        """Those of the network; it has no neurons of its own."""
        return self.network.populations

    @property
    def axons(self) -> tuple[Axons, ...]:
        """Which synapses lie between areas, and whose they are."""
        return self.network.axons


def in_common(circuit: Any, network: type[Any]) -> dict[str, Any]:
    """Return the parameters of a circuit that the network it is built on has, too, by name."""
    own = {f.name for f in fields(circuit)}
    return {f.name: getattr(circuit, f.name) for f in fields(network) if f.name in own}
