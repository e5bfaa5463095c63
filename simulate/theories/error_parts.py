# ruff: noqa: ARG002, D102  (`CircuitPart` says what its methods are and take)
"""Parts that make another circuit of the error microcircuit: one equation is another one.

`ErrorMicrocircuit` states the equations of the paper, and asks its parts what they have instead.
Each method of a `CircuitPart` is a place in the equations: it takes what the paper says there and
returns it, unless the part says something else. A counter-circuit or ablation is a circuit with
one more part; parts of different places go together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from errorneurons.simulate.arrays import Array, PerNetwork, area_rows, generator, matvec, outer
from errorneurons.simulate.circuit import World
from errorneurons.simulate.parts.activations import Tuning
from errorneurons.simulate.parts.cells import Places, per_neuron, side_by_side, vary
from errorneurons.simulate.parts.layered import Classes
from errorneurons.simulate.parts.plasticity import one_to_one
from errorneurons.simulate.refusing import all_known, lengths, not_negative
from errorneurons.simulate.theories.error_places import AreaRoutes, CircuitPart, Neurons, Sizes

if TYPE_CHECKING:
    from errorneurons.simulate.theories.error_synapses import Weights

PerArea = tuple[float | tuple[float, ...], ...]


@dataclass(frozen=True)
class SensoryLeak(CircuitPart):
    """Representation neurons drive the error neurons beside them: v_den += c L_RE r.

    `strength` is c; it may be one a network.
    """

    name: str = field(default="sensory_leak", init=False)
    strength: PerNetwork = 0.5

    def check(self, theory: str, sizes: Sizes) -> None:
        not_negative(theory, {self.name: self.strength})

    def dendritic(self, v_den: Array, L_RE: Array, r: Array, v_bas: Array) -> Array:
        return v_den + self.strength * matvec(L_RE, r) if np.any(self.strength) else v_den

    def disturbance(self) -> str:
        return self.name if np.any(self.strength) else ""


@dataclass(frozen=True)
class AbsentTargetAsZero(CircuitPart):
    """The output's error neurons take an absent target for 0: e_L = -phi'(u_L) r_L."""

    name: str = field(default="absent_target", init=False)

    def untaught(self, error: Array | float, slope: Array, r: Array) -> Array | float:
        return -slope * r

    def disturbance(self) -> str:
        return self.name


@dataclass(frozen=True)
class NudgedOutput(CircuitPart):
    """The output's representation neurons are nudged as well: du/dt += g_tgt (t - u)."""

    name: str = field(default="teaching_to_representation", init=False)

    def somatic(
        self, du: Array, output: slice, g_target: PerNetwork, u: Array, r: Array, world: World
    ) -> Array:
        du[..., output] += g_target * (world.target - u[..., output]) * world.teaching
        return du


@dataclass(frozen=True)
class HeldOutput(CircuitPart):
    """An outcome that teaches holds the output there: du/dt = (t - r) / tau, instead of its input.

    `rate` is 1 / tau [1/ms]; it may be one a network.
    """

    name: str = field(default="held_output", init=False)
    rate: PerNetwork = 0.15

    def check(self, theory: str, sizes: Sizes) -> None:
        not_negative(theory, {self.name: self.rate})

    def somatic(
        self, du: Array, output: slice, g_target: PerNetwork, u: Array, r: Array, world: World
    ) -> Array:
        held = self.rate * (world.target - r[..., output])
        du[..., output] = np.where(world.teaching, held, du[..., output])
        return du


@dataclass(frozen=True)
class ErrorAsOneNumber(CircuitPart):
    """All error neurons of the output are told one number, the size of its error: <e^2>^(1/2)."""

    name: str = field(default="error_as_one_number", init=False)

    def told(self, error: Array) -> Array:
        count = error.shape[-1]
        size: Array = np.sqrt(matvec(np.ones((1, count, count)) / count, error * error))
        return size


@dataclass(frozen=True)
class DirectFeedback(CircuitPart):
    """Fixed random synapses from the output's error neurons straight to those of every area."""

    name: str = field(default="direct_feedback", init=False)

    def descending(self, routes: AreaRoutes, areas: Sequence[str]) -> AreaRoutes:
        return tuple((areas[-1], name) for name in areas[:-1]) if routes else ()

    def fixed_feedback(self, B: Array, drawn: Array, top: slice) -> Array:
        mask = np.zeros_like(drawn)
        mask[: top.start, top] = 1
        direct: Array = drawn * mask / np.sqrt(top.stop - top.start)
        return direct

    def refreshed(self, refreshed: bool) -> bool:
        return False


@dataclass(frozen=True)
class ClimbingErrors(CircuitPart):
    """The teaching signal enters the lowest area, and errors ascend from there: v_den = B^T e."""

    name: str = field(default="climbing_errors", init=False)

    def feedback(self, B: Array) -> Array:
        return np.swapaxes(B, -1, -2)

    def taught(self, output: slice) -> slice:
        return slice(0, output.stop - output.start)


@dataclass(frozen=True)
class Ungated(CircuitPart):
    """Errors from afar pass ungated: v_den = B e, without phi'."""

    name: str = field(default="no_phi_prime", init=False)

    def gate(self, slope: Array) -> Array | float:
        return 1.0


@dataclass(frozen=True)
class WithoutLookahead(CircuitPart):
    """Rates of a role follow the potential: r = phi(u), e = phi_E(v).

    The gate phi'(u~) and plasticity follow the lookahead in any case. `areas` are names of areas,
    none for all.
    """

    name: str = field(default="no_lookahead", init=False)
    role: Neurons = "representation"
    areas: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.name} of {self.role}"

    def check(self, theory: str, sizes: Sizes) -> None:
        all_known(f"{self.place} of {theory}", self.areas, area_rows(sizes))

    def follow(self, sizes: Sizes) -> tuple[bool, ...]:
        """Return whether rates of each area follow the lookahead still."""
        return tuple(bool(self.areas) and name not in self.areas for name in area_rows(sizes))

    def followed(self, ahead: Array, role: Neurons, potential: Array, sizes: Sizes) -> Array:
        if role != self.role:
            return ahead
        return np.where(np.repeat(self.follow(sizes), sizes), ahead, potential)


class ErrorCoding(CircuitPart):
    """How error neurons carry the error."""

    @property
    def place(self) -> str:
        return "coding"


@dataclass(frozen=True)
class PairedErrors(ErrorCoding):
    """Two neurons carry each error, with rates that are not negative: e = [e]+ - [-e]+.

    The difference is what the synapses of both carry on.
    """

    name: str = field(default="paired", init=False)

    def classes(self, classes: Classes) -> Classes:
        return ("positive", 1), ("negative", -1)

    def descending(self, routes: AreaRoutes, areas: Sequence[str]) -> AreaRoutes:
        return ()  # B takes the difference of two neurons' rates

    def fired(self, e: Array, halves: Places) -> Array:
        return side_by_side((np.maximum(e, 0), np.maximum(-e, 0)), halves)

    def carried(self, fired: Array | float, halves: Places) -> Array | float:
        if isinstance(fired, float):  # a current of 0
            return fired
        positive, negative = halves
        difference: Array = fired[..., positive] - fired[..., negative]
        return difference


@dataclass(frozen=True)
class FlooredErrors(ErrorCoding):
    """Error neurons with a low rate at rest: e = max(phi_E(v~), -baseline)."""

    name: str = field(default="error_baseline", init=False)
    baseline: float = 0.1

    def check(self, theory: str, sizes: Sizes) -> None:
        not_negative(theory, {self.name: self.baseline})

    def fired(self, e: Array, halves: Places) -> Array:
        return np.maximum(e, -self.baseline)


@dataclass(frozen=True)
class ErrorActivation(CircuitPart):
    """Error neurons with activation functions of their own, phi_E, one an area."""

    name: str = field(default="error_activation", init=False)
    activation: tuple[str, ...] = ()

    def check(self, theory: str, sizes: Sizes) -> None:
        lengths(self.name, self.activation, len(sizes))

    def functions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return self.activation


@dataclass(frozen=True)
class TunedNeurons(CircuitPart):
    """Representation neurons with slopes and offsets, one an area or one a neuron."""

    name: str = field(default="tuned", init=False)
    slope: PerArea | None = None
    offset: PerArea | None = None

    def check(self, theory: str, sizes: Sizes) -> None:
        for name, values in (("slope", self.slope), ("offset", self.offset)):
            if values is not None:
                lengths(f"activation_{name}", values, len(sizes))

    def tuned(self, tuning: Tuning | None, sizes: Sizes) -> Tuning | None:
        slope = per_neuron("activation_slope", self.slope or (1.0,) * len(sizes), sizes)
        offset = per_neuron("activation_offset", self.offset or (0.0,) * len(sizes), sizes)
        return Tuning(slope[None, None], offset[None, None])


@dataclass(frozen=True)
class VariableNeurons(CircuitPart):
    """Single neurons of a role differ: slopes ~ N(1, sigma), offsets ~ N(0, sigma) on top."""

    name: str = field(default="variability", init=False)
    role: Neurons = "representation"
    sigma: float = 0.3

    @property
    def place(self) -> str:
        return f"{self.name} of {self.role}"

    def check(self, theory: str, sizes: Sizes) -> None:
        not_negative(theory, {self.place: self.sigma})

    def varied(
        self, tuning: Tuning | None, role: Neurons, rngs: Sequence[np.random.Generator],
        sizes: Sizes,
    ) -> Tuning | None:  # fmt: skip
        return vary(rngs, sizes, self.sigma, tuning) if role == self.role else tuning

    def disturbance(self) -> str:
        active = self.role == "error" and self.sigma != 0
        return "error_variability (active at rest)" if active else ""


@dataclass(frozen=True)
class NoisyWeights(CircuitPart):
    """Forward synapses transmit lasting noise of which plasticity and B = W^T know nothing.

    `half_width` is that of the uniform noise; it may be one a network.
    """

    name: str = field(default="weight_noise", init=False)
    half_width: PerNetwork = 0.2

    def check(self, theory: str, sizes: Sizes) -> None:
        not_negative(theory, {self.name: self.half_width})

    def weight_noise(
        self, noise: Array | None, seed: int, theory: str, networks: Sequence[int],
        strengths: Array,
    ) -> Array | None:  # fmt: skip
        if not np.any(self.half_width):
            return noise
        rngs = [generator(seed, theory, n, "weight noise") for n in networks]
        drawn = np.stack([rng.uniform(-1, 1, strengths.shape[-2:]) for rng in rngs])
        transmitted: Array = drawn * self.half_width * (strengths != 0)
        return transmitted


@dataclass(frozen=True)
class RateRule(CircuitPart):
    """Synapses learn from rates: dW/dt = eta (r - phi(g v_bas)) r^T."""

    name: str = field(default="rate_rule", init=False)

    def surprise(self, surprise: Array, r: Array, expected: Callable[[], Array]) -> Array:
        return r - expected()


@dataclass(frozen=True)
class LowPassed(CircuitPart):
    """Changes of W are low-passed: F += dt/tau_LO (dW - F), W += F; `tau` is tau_LO [ms]."""

    name: str = field(default="low_pass", init=False)
    tau: float = 20.0

    def check(self, theory: str, sizes: Sizes) -> None:
        if not self.tau > 0:
            raise ValueError(
                f"{self.name} of {theory} is {self.tau}; give a time constant above 0 [ms]"
            )

    def learnt(
        self, learnt: Weights, before: Weights, eta: Array, surprise: Array, presynaptic: Array,
        dt: float,
    ) -> Weights:  # fmt: skip
        F = np.zeros_like(before.W) if before.F is None else before.F
        F = F + dt / self.tau * (eta * outer(surprise, presynaptic) - F)
        return replace(learnt, W=before.W + F, F=F)


@dataclass(frozen=True)
class RelaxingLaterals(CircuitPart):
    """Lateral synapses become one-to-one: dL/dt = -eta_L (L - 1), one eta_L an area [1/ms]."""

    name: str = field(default="relaxing_laterals", init=False)
    onto_error: tuple[float, ...] | None = None
    onto_representation: tuple[float, ...] | None = None

    def rates(self, onto: Neurons) -> tuple[float, ...] | None:
        """Return eta_L of each area onto a role, None where nothing changes."""
        return self.onto_error if onto == "error" else self.onto_representation

    def check(self, theory: str, sizes: Sizes) -> None:
        rates = {"error": self.onto_error, "representation": self.onto_representation}
        for onto, given in rates.items():
            if given is not None:
                lengths(f"rates_onto_{onto}", given, len(sizes))

    def relaxed(self, L: Array, onto: Neurons, dt: float, post: Sizes, pre: Sizes) -> Array:
        eta = self.rates(onto)
        if eta is None:
            return L
        return L - dt * np.repeat(eta, post)[:, None] * (L - one_to_one(post, pre))
