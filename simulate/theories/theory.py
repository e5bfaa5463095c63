"""What the registry says of a theory or counter-circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from errorneurons.simulate.circuit import Circuit
from errorneurons.simulate.theories.nuisance import Nuisance


@dataclass(frozen=True)
class Theory:
    """A theory, or a counter-circuit, as it enters the outcome-error experiment.

    Attributes
    ----------
    name
        Identifier.
    label
        As written in figures.
    kind
        Whether a scientist holds it, or it was made to contradict a claim.
    description
        One sentence.
    circuit
        The circuit that is tested.
    trained
        The circuit that is trained, if it is another one.
    nuisance
        What the theory leaves open, for virtual experiments; without it all worlds are alike.
    look
        Its colour (hexadecimal, not that of a kind of neuron) and marker (a letter of matplotlib)
        in all figures; relatives share a colour. Without it both are drawn by its name.
    variant_of
        The theory of which this is a variant: it is judged like any other, but neither compared
        with it nor ablated beside it unless asked for. Empty for a theory in its own right.
    ablation
        What was taken away from the circuit, ``"intact"`` if nothing.
    connectivity
        How its areas are wired, as in `simulate.parts.connectivity`.
    cannot
        Task -> why the theory cannot be trained on it; `errorneurons list tasks` says it.
    paces
        Task -> factor on its learning rates where it is put to the task as it is in the report, see
        `simulate.tasks.rivals`; 1 for tasks that are not named.
    family
        Whose equations it shares: ablations demand the same of all of a family.
    lacks
        Ablation -> why it makes no sense for this theory, in the words that follow its name, where
        the reason is another than for most.
    compared
        Whether evidence compares it unless told otherwise; without it, it is judged only.
    senses_outcomes
        Whether an outcome is an event for it that is sensed and predicted, so that it comes whether
        or not it teaches; otherwise an outcome is a target alone, and nothing where it does not
        teach.
    noise
        The least noise into its somata in any experiment, as in `Experiment`.
    changes
        What was changed, in the words that follow the name in names of files and in labels; empty
        for an entry of the registry.
    """

    name: str
    label: str
    kind: Literal["theory", "counter_circuit"]
    description: str
    circuit: Circuit[Any, Any]
    trained: Circuit[Any, Any] | None = None
    nuisance: tuple[Nuisance, ...] = ()
    look: tuple[str, str] | None = None
    variant_of: str = ""
    ablation: str = "intact"
    connectivity: str = "chain"
    changes: tuple[str, ...] = ()
    cannot: Mapping[str, str] = field(default_factory=dict, hash=False)
    paces: Mapping[str, float] = field(default_factory=dict, hash=False)
    family: str = ""
    lacks: Mapping[str, str] = field(default_factory=dict, hash=False)
    compared: bool = True
    senses_outcomes: bool = False
    noise: float = 0.0

    @property
    def identifier(self) -> str:
        """Its name with what was changed, as in names of files."""
        return "+".join((self.name, *self.changes))

    @property
    def kin(self) -> str:
        """Name of its family; a theory without any is its own."""
        return self.family or self.name

    @property
    def attributes(self) -> dict[str, str]:
        """What a session says of the circuit that it was recorded from."""
        return {
            "theory": self.name,
            "ablation": self.ablation,
            "connectivity": self.connectivity,
            "layers": "-".join(map(str, self.circuit.layers)),
        }

    @property
    def rests_on(self) -> tuple[object, ...]:
        """What its results rest on: all but what it is called in figures and text."""
        return (
            self.attributes, self.kind, self.circuit, self.trained, self.nuisance,
            self.senses_outcomes, self.noise,
        )  # fmt: skip
