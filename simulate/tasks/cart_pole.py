"""Imitating a controller that balances a pole on a cart, and then balancing it alone.

A network learns to give the force with which a linear feedback of the state balances the pole,
from states drawn at random. It is then put in the controller's place: in the closed loop it sees
the cart and the pole, and its output moves them. A tick on which the cart leaves the track or the
pole falls is a failure; the cart then starts anew, as it does every 2000 ticks.

============ =========================================================================
controller   F = 1 x + 4.2 dx/dt + 62.8 theta + 16.3 dtheta/dt           [N]
pole         theta'' = (g sin - cos a) / (l (4/3 - m cos^2 / M)),  a = (F + m l theta'^2 sin) / M
cart         x'' = a - m l theta'' cos / M,      M = cart + m, l half the pole's length
============ =========================================================================

The plant moves by explicit Euler steps, positions before velocities: where they go next depends on
the velocities of the tick before. (Semi-implicit steps fail as often.)

Source: doi:10.1371/journal.pcbi.1014164, Fig. 2a. Plant: Barto, Sutton & Anderson 1983 in the
corrected form of Florian 2007, as in gymnasium's CartPole-v1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import xarray as xr

from errorneurons.simulate.arrays import Array, generator
from errorneurons.simulate.circuit import Timing, World, neurons
from errorneurons.simulate.engine.run import Stepper
from errorneurons.simulate.refusing import known
from errorneurons.simulate.tasks.held import (
    REPRESENTATIONS,
    Items,
    artificial,
    keeps_its_time,
    learn_held,
    shuffled_items,
    uniform_start,
)
from errorneurons.simulate.tasks.rivals import rival, rivals
from errorneurons.simulate.tasks.task import Intact, Learnt, Task, TaskDesign, part, quiet, taught
from errorneurons.simulate.theories.backprop import Backprop
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.trials.run import synapses

CONTROLLERS = (
    ErrorMicrocircuit.theory,
    DendriticPC.theory,
    DendriticMicrocircuit.theory,
    Backprop.theory,
)
Memory = TypeVar("Memory")


@dataclass(frozen=True)
class CartPole:
    """The task.

    Attributes
    ----------
    gravity
        [m/s^2].
    cart, pole
        Masses [kg].
    half_length
        Half the pole's length [m].
    tick
        Time step of the plant [s].
    track
        The cart fails farther than this from the middle [m].
    angle
        The pole fails beyond this angle [degrees].
    gains
        The controller's force for each unit of the state [N].
    force
        Force at an output of 1 [N].
    ticks
        Ticks of the closed loop.
    restart
        Ticks after which the cart starts anew if it has not failed.
    steps
        Steps of the network in each tick.
    states
        States that are shown in training, each once an epoch.
    range
        They are drawn from U(-range, range), each of their four numbers.
    hold
        Steps that each is shown.
    epochs
        Epochs of training.
    """

    gravity: float = 9.8
    cart: float = 1.0
    pole: float = 0.1
    half_length: float = 0.5
    tick: float = 0.01
    track: float = 2.4
    angle: float = 70.0
    gains: tuple[float, float, float, float] = (1.0, 4.2, 62.8, 16.3)
    force: float = 76.6
    ticks: int = 19_999
    restart: int = 2000
    steps: int = 4
    states: int = 500
    range: float = 1.5
    hold: int = 100
    epochs: int = 5

    def __post_init__(self) -> None:
        for name in ("ticks", "restart", "steps", "states", "hold", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} of the cart-pole is {getattr(self, name)}; give 1 or more"
                )

    def moved(self, state: Array, force: Array) -> Array:
        """Return the state one tick later.

        Parameters
        ----------
        state
            Position [m], velocity [m/s], angle from upright [rad], its velocity [rad/s]: (..., 4).
        force
            On the cart [N], (...).
        """
        velocity, angle, spin = state[..., 1], state[..., 2], state[..., 3]
        mass, lever = self.cart + self.pole, self.pole * self.half_length
        cosine, sine = np.cos(angle), np.sin(angle)
        push = (force + lever * spin**2 * sine) / mass
        pole = (self.gravity * sine - cosine * push) / (
            self.half_length * (4 / 3 - self.pole * cosine**2 / mass)
        )
        cart = push - lever * pole * cosine / mass
        moved: Array = state + self.tick * np.stack([velocity, cart, spin, pole], axis=-1)
        return moved

    def failed(self, state: Array) -> npt.NDArray[np.bool_]:
        """Return whether the cart has left the track or the pole has fallen, (...)."""
        fallen: npt.NDArray[np.bool_] = np.abs(state[..., 2]) > np.radians(self.angle)
        return fallen | (np.abs(state[..., 0]) > self.track)

    def controlled(self, state: Array) -> Array:
        """Return the force of the linear controller [N], (...)."""
        force: Array = state @ np.array(self.gains)
        return force


def cart_pole_learner(theory: str, hidden: Literal["linear", "tanh"] = "linear") -> Any:
    """Return a 4-4-1 circuit with the published parameters.

    No rates of the artificial network are published; it learns at those of `held.artificial`. Nor
    are there any parameters of the two theories with apical errors; theirs are ours.

    Parameters
    ----------
    theory
        One of `CONTROLLERS`.
    hidden
        Activation of the hidden area. ``"linear"`` goes with ideal lateral synapses, ``"tanh"``
        with noisy ones.

    Raises
    ------
    ValueError
        If the theory or the activation is unknown.
    """
    known("theory", theory, CONTROLLERS)
    known("hidden", hidden, ("linear", "tanh"))
    common: dict[str, Any] = {
        "layers": (4, 4, 1), "activation": (hidden, "linear"), "timing": Timing(1e-5, 0.0)
    }  # fmt: skip
    if theory in (DendriticPC.theory, DendriticMicrocircuit.theory):
        common |= {"g_apical": 0.06, "learning_rates": (0.1, 0.02), "weight_scale": 2.0}
        if theory == DendriticPC.theory:
            return DendriticPC(**common, lateral_rates=(0.2,))
        return DendriticMicrocircuit(**common, interneuron_rates=(0.2,), inhibition_rates=(0.0,))
    rates, noise = ((1.0, 0.5), 0.0) if hidden == "linear" else ((1.5, 0.75), 0.3)
    circuit = ErrorMicrocircuit(
        **common, g_apical=0.0006, learning_rates=rates, lateral_noise=noise
    )  # fmt: skip
    return circuit if theory == ErrorMicrocircuit.theory else artificial(circuit)


def cart_pole_rival(theory: str) -> Any:
    """Return a 4-4-1 circuit of a theory of the report, its hidden area tanh."""
    return rival(theory, "cart_pole", (4, 4, 1))


def train_controller(circuit: Any, seed: int, networks: Sequence[int], task: CartPole) -> list[Any]:
    """Return the synapses after each epoch of imitation."""
    states = generator(seed, "cart pole", "states").uniform(
        -task.range, task.range, (1, task.states, 4)
    )
    items = Items(states, task.controlled(states)[..., None] / task.force)
    orders = shuffled_items(seed, "cart pole", networks, task.states, task.epochs)
    start = circuit.initial_weights(seed, networks)
    if circuit.carrier != "apical" and not keeps_its_time(circuit):
        start = uniform_start(circuit, start)
    return list(learn_held(circuit, start, items, task.hold, orders))


def penalties(
    task: CartPole,
    act: Callable[[Memory, Array], tuple[Memory, Array]],
    memory: Memory,
    rngs: Sequence[np.random.Generator],
) -> Array:
    """Return how many ticks of the closed loop were failures.

    Parameters
    ----------
    task
        The plant.
    act
        From its memory and the states (cart, 4) to its new memory and the forces [N] (cart,).
    memory
        What it starts with.
    rngs
        One for each cart, for the states that it starts from: U(-1, 1), each of the four numbers.

    Returns
    -------
    Array
        Failures of each cart [ticks], (cart,).
    """
    state = np.stack([rng.uniform(-1, 1, 4) for rng in rngs])
    failures = np.zeros(len(rngs))
    for tick in range(1, task.ticks + 1):
        memory, force = act(memory, state)
        state = task.moved(state, force)
        failed = task.failed(state)
        failures += failed
        for cart in np.flatnonzero(failed | (tick % task.restart == 0)):
            state[cart] = rngs[int(cart)].uniform(-1, 1, 4)
    return failures


def tilts(
    task: CartPole,
    act: Callable[[Memory, Array], tuple[Memory, Array]],
    memory: Memory,
    rngs: Sequence[np.random.Generator],
) -> Array:
    """Return how the pole stands until the cart starts anew [deg], (cart, tick).

    NaN from the tick on which it fails; parameters are those of `penalties`.
    """
    state = np.stack([rng.uniform(-1, 1, 4) for rng in rngs])
    angles = np.full((len(rngs), task.restart), np.nan)
    standing = np.ones(len(rngs), dtype=bool)
    for tick in range(task.restart):
        standing &= ~task.failed(state)
        angles[:, tick] = np.where(standing, np.degrees(state[:, 2]), np.nan)
        memory, force = act(memory, np.where(standing[:, None], state, 0.0))
        state = task.moved(np.where(standing[:, None], state, 0.0), force)
    return angles


def network_acts(circuit: Any, task: CartPole) -> Callable[[Stepper, Array], Any]:
    """Return what networks do in the controller's place, one network a cart.

    Those that keep their own time have all the steps of a tick, others as many as published.
    """
    output = neurons(circuit, "representation", circuit.output_area)
    target, teaching = np.zeros((1, 1, 1)), np.full((1, 1, 1), False)
    steps = round(task.tick / circuit.timing.step) if keeps_its_time(circuit) else task.steps

    def act(memory: Stepper, state: Array) -> tuple[Stepper, Array]:
        world = World(state[:, None], target, teaching)
        rates = memory.advance(world, (steps - 1, 1), show=REPRESENTATIONS)["representation"][-1]
        return memory, task.force * rates[:, 0, output][:, 0]

    return act


def cart_pole(
    circuit: Any, seed: int, networks: Sequence[int], task: CartPole | None = None
) -> xr.Dataset:
    """Train networks by imitation, and let them balance after each epoch.

    Parameters
    ----------
    circuit
        What `cart_pole_learner` or `cart_pole_rival` returned.
    seed
        Seed of the run.
    networks
        Numbers of the networks.
    task
        Default the published one.

    Returns
    -------
    xr.Dataset
        ``penalty`` (network, epoch) after each epoch, ``score`` (network) in a final test, and
        ``controller`` (network), the linear controller's in the same test [ticks]; ``tilt``
        (network, time), how the pole stands in the final test until it falls, or the cart starts
        anew [deg].
    """
    task = task or CartPole()
    after = train_controller(circuit, seed, networks, task)
    tests = [*range(1, task.epochs + 1), "final"]
    # All closed loops run side by side: each epoch's networks, and the last ones once more.
    weights = _together([*after, after[-1]])
    rngs = [generator(seed, "cart pole", n, f"test {t}") for t in tests for n in networks]
    found = penalties(task, network_acts(circuit, task), Stepper(circuit, weights), rngs)
    found = found.reshape(len(tests), -1)
    same = [generator(seed, "cart pole", n, "test final") for n in networks]
    controller = penalties(task, lambda none, s: (none, task.controlled(s)), None, same)
    last = after[-1]
    same = [generator(seed, "cart pole", n, "test final") for n in networks]
    tilt = tilts(task, network_acts(circuit, task), Stepper(circuit, last), same)
    ticks = {"units": "ticks", "long_name": "failures in the closed loop"}
    return xr.Dataset(
        {
            "penalty": (("network", "epoch"), found[:-1].T, ticks),
            "score": ("network", found[-1], ticks),
            "controller": ("network", controller, ticks),
            "tilt": (("network", "time"), tilt, {"units": "deg", "long_name": "angle of the pole"}),
        },
        {
            "network": list(networks), "epoch": range(1, task.epochs + 1),
            "time": task.tick * np.arange(task.restart),
        },
        {"theory": circuit.theory, "task": "cart_pole"},
    )  # fmt: skip


def _together(weights: Sequence[Any]) -> Any:
    """Return the synapses of several sets of networks as those of one."""
    parts = [synapses(w) for w in weights]
    return replace(weights[0], **{k: np.concatenate([p[k] for p in parts]) for k in parts[0]})


_SHOWN = 20


def _states(design: TaskDesign) -> Items:
    task = CartPole()
    drawn = generator(design.seed, "ablation cart pole").uniform(
        -task.range, task.range, (1, 2 * task.states, 4)
    )
    return Items(drawn, task.controlled(drawn)[..., None] / task.force)


def _few_states(_: Intact, design: TaskDesign) -> Items:
    return part(_states(design), slice(-_SHOWN, None))


def _balance(circuit: Intact, design: TaskDesign) -> Learnt:
    task, items = CartPole(), _states(design)
    parts = part(items, slice(task.states)), part(items, slice(task.states, None))
    learnt = taught(circuit, design, parts, task.hold, _few_states(circuit, design))
    rngs = [generator(design.seed, "ablation cart pole", n, "test") for n in design.numbers]
    acts = network_acts(circuit, task)
    failures = penalties(task, acts, Stepper(circuit, learnt.weights), rngs)
    return replace(learnt, score=np.where(learnt.diverged, np.nan, failures))


TASK = Task(
    "cart_pole",
    "cart-pole",
    "Imitate a controller, then balance a pole on a cart in its place.",
    CONTROLLERS,
    5,
    lambda theory: quiet(cart_pole_learner(theory, "tanh")),
    _balance,
    "to imitate a linear controller of a pole on a cart (4-4-1, 500 random states an epoch, each "
    "held for 100 steps of 0.01 ms), and put in its place for 19,999 ticks of 10 ms; losses are "
    "those of 500 other states",
    _few_states,
    "ticks with failure",
    lambda theory, seed, networks: cart_pole(cart_pole_learner(theory), seed, networks),
    rivals=rivals("cart_pole", CONTROLLERS),
)
