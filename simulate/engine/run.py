"""Steps any theory in the compiled loop: lays out, hands over, and hands back.

`Stepper` is all that others need to know of the engine. What it computes is what `step` and
`learn` of the theory define, to rounding. A theory that cannot be recorded is stepped in NumPy.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.circuit import Role
from errorneurons.simulate.engine import loop
from errorneurons.simulate.engine.learning import settled_patterns
from errorneurons.simulate.engine.lower import Lowering
from errorneurons.simulate.engine.nodes import Given, RecordingError
from errorneurons.simulate.engine.plans import Program, contents, plan_of
from errorneurons.simulate.engine.record import record_circuit
from errorneurons.simulate.engine.table import Lanes, encoded
from errorneurons.simulate.engine.trees import arrays, at_step, later, rebuilt, world_arrays

NETWORKS, STREAMS = 16, 32
"""About how many networks, or streams of one network, are stepped side by side."""


class Stepper:
    """Networks of one theory on their way, step after step.

    Parameters
    ----------
    circuit
        The theory.
    weights
        Synapses of all networks.
    streams
        Copies of each network with the same synapses.
    state
        Where they begin; default at rest.
    plastic
        Whether synapses are to learn; it may also become clear later.
    """

    def __init__(
        self, circuit: Any, weights: Any, streams: int = 1, state: Any = None,
        plastic: bool = False,
    ) -> None:  # fmt: skip
        self.circuit, self.streams = circuit, streams
        self._weights = weights
        self.networks = len(next(iter(arrays(weights).values())))
        self._state = circuit.rest(weights, streams) if state is None else state
        self._plain = False
        self._ready = self._learnt = False
        self._plastic = plastic
        self._stale_state = self._stale_weights = False
        self._held: tuple[Any, dict[str, Any]] = None, {}

    # --- what others see ---

    @property
    def state(self) -> Any:
        """The state after the last step."""
        if self._stale_state:
            found = {
                name: self._lay.from_lanes(self._home[:, self._lay.columns(row, n)])
                for name, (row, n) in self._places.items()
            }
            self._state, self._stale_state = rebuilt(self._template, found), False
        return self._state

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles whose rates a state holds."""
        return tuple(self._template.rates if self._stale_state else self._state.rates)

    @property
    def compiled(self) -> bool:
        """Whether the steps are taken by the compiled loop, and not in NumPy."""
        return not self._plain

    @property
    def weights(self) -> Any:
        """The synapses after the last step."""
        if self._stale_weights:
            found = {name: self._synapses(name) for name in self._names}
            self._weights, self._stale_weights = rebuilt(self._weights, found), False
        return self._weights

    def advance(
        self, world: Any, steps: int | Sequence[int] | npt.NDArray[np.int64], learn: bool = False,
        show: Sequence[str] = (),
    ) -> dict[Any, Array]:  # fmt: skip
        """Take steps in a world.

        Parameters
        ----------
        world
            What is shown and done, dims (network or 1, stream or 1, neuron); what differs from step
            to step has one more dimension in front, (step, network or 1, stream or 1, neuron).
        steps
            How many, or how many in each bin.
        learn
            Whether synapses learn.
        show
            Roles whose rates are wanted, and ``"apical"`` for apical potentials.

        Returns
        -------
        dict
            Role -> sum of the rates over the steps, (network, stream, neuron), or of each bin,
            (bin, network, stream, neuron).
        """
        bins = np.atleast_1d(np.asarray(steps, np.int64))
        if learn and not self._plastic:
            self._settle()
            self._plastic, self._ready = True, False
        first: dict[str, Array] = {}
        if learn and not self._learnt and not self._plain and bins[0] and self._makes_new():
            # synapses that only come to be in the first step; the engine takes the others
            self._settle()
            self._ready = False
            first, bins = self._in_numpy(world, bins[:1] * 0 + 1, learn, tuple(show)), bins.copy()
            bins[0] -= 1
            world = later(world)
        if not self._plain:
            try:
                found = self._compiled(world, bins, learn, tuple(show))
            except RecordingError as reason:
                logging.getLogger(__name__).info("%s; it is stepped in NumPy", reason)
                self._settle()
                self._plain = True
        if self._plain:
            found = self._in_numpy(world, bins, learn, tuple(show))
        self._learnt |= learn
        for role, sums in first.items():
            found[role][0] += sums[0]
        return found if np.ndim(steps) else {role: x[0] for role, x in found.items()}

    # --- NumPy ---

    def _settle(self) -> None:
        """Take state and synapses back from the engine."""
        _ = self.state, self.weights

    def _in_numpy(
        self, world: Any, bins: npt.NDArray[np.int64], learn: bool, show: tuple[str, ...]
    ) -> dict[str, Array]:
        found: dict[str, list[Any]] = {role: [] for role in show}
        k = 0
        for steps in bins:
            sums: dict[str, Any] = {role: 0.0 * _shown(self._state, role) for role in show}
            for _ in range(steps):
                before, now = self._state, at_step(world, k)
                after = self.circuit.step(self._weights, before, now)
                if learn:
                    self._weights = self.circuit.learn(self._weights, before, after)
                self._state, k = after, k + 1
                for role in show:
                    sums[role] = sums[role] + _shown(after, role)
            for role in show:
                found[role].append(sums[role])
        return {role: np.stack(each) for role, each in found.items()}

    # --- the compiled loop ---

    def _prepare(self) -> None:
        """Lay out state and synapses."""
        shared = self.streams > 1
        most = STREAMS if shared else NETWORKS
        if shared and self._plastic:
            most = self.streams  # streams that learn together are summed over
        self._lay = Lanes(self.networks, self.streams, most)
        self._given: dict[Any, Array] = {}
        self._names: list[str] = self._learning_names() if self._plastic else []
        self._plan = plan_of(self._key())
        self._room = self._plan.room
        self._M = np.zeros((self._lay.rows, 0))
        self._laid: dict[int, tuple[Any, ...]] = {}
        self._where: dict[str, tuple[int, int]] = {}
        for name in self._names:
            value = arrays(self._weights)[name]
            own, _ = self._room.place(("plastic", name), *value.shape[1:])
            spare, _ = self._room.place(("spare", name), *value.shape[1:])
            self._where[name] = (own, spare)
        self._grow()
        for name in self._names:
            self._put_synapses(arrays(self._weights)[name], self._where[name][0])
        held = arrays(self._state)
        self._places, at = {}, 0
        for name, value in held.items():
            self._places[name] = (at, value.shape[-1])
            at += value.shape[-1]
        self._home = np.zeros((self._lay.blocks, at * self._lay.width))
        for name, (row, n) in self._places.items():
            self._lay.to_lanes(held[name], self._home, row, n)
        self._template = self._state
        self._ready = True

    def _makes_new(self) -> bool:
        """Return whether learning makes synapses that are not there yet."""
        state, weights = self._state, self._weights  # which there are, whatever they are by now
        return set(arrays(self.circuit.learn(weights, state, state))) != set(arrays(weights))

    def _learning_names(self) -> list[str]:
        """Return which synapses learning makes anew, from one step in NumPy."""
        state, before = self._state, arrays(self._weights)
        new = arrays(self.circuit.learn(self._weights, state, state))
        return [name for name in before if new[name] is not before[name]]

    def _compiled(
        self, world: Any, bins: npt.NDArray[np.int64], learn: bool, show: tuple[str, ...]
    ) -> dict[str, Array]:
        if not self._ready:
            self._prepare()
        program, given = self._program(world, learn, show)
        self._give(program, given, world)
        code, factors, layout, where, permutation = program.code
        own = self._lay.own
        for name in self._names:
            where = [*where, *(x * own for x in self._where[name])]
        at_first = np.array(where, np.int64)
        now, spare = at_first.copy(), at_first.copy()
        sums = np.empty(
            (self._lay.blocks, len(bins), program.table.regions["sums"] * self._lay.width)
        )
        numbers = (
            self._lay.width, self.streams if self._lay.shared else self._lay.width, layout["given"],
            layout["state"], layout["sums"],
        )  # fmt: skip
        if bins.sum():
            loop.advance(
                code, factors, np.array([0, *program.table.parts[1:2], *program.table.parts[1:3],
                *program.table.parts[2:4]], np.int64), at_first, permutation, now, spare,
                np.empty(layout["end"]), given, self._home, self._M, self._lay.owners, sums,
                bins, self._varying(program, world), np.array(numbers, np.int64), self._lay.shared,
            )  # fmt: skip
            self._stale_state = True
            self._template = program.template
        else:
            sums[:] = 0.0
        if learn:
            self._stale_weights = True
            for k, name in enumerate(reversed(self._names)):
                pair = now[len(now) - 2 * k - 2 : len(now) - 2 * k]
                self._where[name] = (int(pair[0]) // own, int(pair[1]) // own)
        return {
            role: self._lay.from_bins(sums[:, :, self._lay.columns(row, n)])
            for role, (row, n) in program.table.sums.items()
        }  # fmt: skip

    def _program(self, world: Any, learn: bool, show: tuple[str, ...]) -> tuple[Program, Array]:
        """Return the program of worlds of this structure, and what it is given."""
        varying = frozenset(path for path, x in world_arrays(world).items() if x.ndim == 4
                            and not path.startswith("world.synapses"))  # fmt: skip
        taught = world.teaching
        kind = "all" if taught.all() else ("some" if taught.any() else "none")
        key = (frozenset(world_arrays(world)), varying, kind, learn, show)
        with self._plan.lock:
            if key not in self._plan.programs:
                self._plan.programs[key] = self._made(at_step(world, 0), learn, show, varying)
        program = self._plan.programs[key]
        self._grow()
        if key not in self._given:
            rows = program.table.regions["given"]
            self._given[key] = np.zeros((self._lay.blocks, rows * self._lay.width))
            environment = self._environment(at_step(world, 0))
            self._lay_out(self._given[key], program.table.given, environment)
        return program, self._given[key]

    def _key(self) -> Any:
        """Return what programs depend on, None if it cannot be compared."""
        exists = tuple(
            (name, x.shape, pattern(x).tobytes(), bool(((x == 0) | (x == 1)).all()))
            for name, x in arrays(self._weights).items()
        )  # fmt: skip
        state = tuple((name, x.shape) for name, x in arrays(self._state).items())
        try:
            own = contents(self.circuit)
        except TypeError:
            return None
        return own, self.streams, self._lay.width, tuple(self._names), exists, state

    def _made(
        self, world: Any, learn: bool, show: tuple[str, ...], varying: frozenset[str]
    ) -> Program:
        state = rebuilt(self._template, {
            name: np.empty((1, 1, n)) for name, (_, n) in self._places.items()
        })  # fmt: skip
        names, plan = frozenset(self._names), self._plan
        if names and not plan.patterns:
            held = arrays(self.weights)
            taught = replace(world, teaching=np.ones((1, 1, 1), dtype=bool))
            learnt = record_circuit(
                self.circuit, self._weights, state, taught, names, True, varying
            ).learnt
            plan.patterns = settled_patterns(learnt, {n: pattern(held[n]) for n in names})
        recorded = record_circuit(self.circuit, self._weights, state, world, names, learn, varying)
        if set(recorded.state) != set(self._places):
            raise recorded.tape.error(
                "a state of other arrays than before", "keep all from the start"
            )
        ordered = {name: recorded.state[name] for name in self._places}
        recorded = replace(recorded, state=ordered)
        table = Lowering(recorded, show, plan.patterns, self._names, self._room).table()
        plastic = {name: k for k, name in enumerate(self._names)}
        code = encoded(table, self._lay.width, self._lay.own, plastic)
        return Program(table, code, recorded.template)

    def _environment(self, world: Any) -> dict[str, Any]:
        if self._held[0] is not self._weights:  # looked through once, and not in every stretch
            held = {f"weights.{name}": x for name, x in arrays(self._weights).items()}
            self._held = self._weights, held
        return self._held[1] | world_arrays(world)

    def _give(self, program: Program, given: Array, world: Any) -> None:
        """Lay out anew what depends on the world, and synapses that are given."""
        environment, memory = self._environment(at_step(world, 0)), dict[int, Any]()
        changing = [g for g in program.table.given if isinstance(g[0], Given) and g[0].needs]
        self._lay_out(given, changing, environment)
        for key, (values, start) in program.table.synapses.items():
            seen = tuple(environment[name] for name in sorted(values.needs))
            last = self._laid.get(key)
            if last is not None and all(a is b for a, b in zip(last, seen, strict=True)):
                continue
            self._laid[key] = seen
            self._put_synapses(values.value(environment, memory), start)

    def _lay_out(self, home: Array, given: Sequence[Any], environment: Any) -> None:
        memory: dict[int, Any] = {}
        for value, row, rows in given:
            if isinstance(value, Given):
                value = value.value(environment, memory)
            self._lay.to_lanes(np.asarray(value, float), home, row, rows)

    def _varying(self, program: Program, world: Any) -> Array:
        """Return what changes from step to step, (step, block, number)."""
        rows = sum(n for _, n in program.table.varying.values())
        held = world_arrays(world)
        steps = max((len(held[p]) for p in program.table.varying), default=1)
        laid = np.zeros((steps, self._lay.blocks, rows * self._lay.width))
        for path, (row, n) in program.table.varying.items():
            for k in range(steps):
                self._lay.to_lanes(held[path][k], laid[k], row, n)
        return laid

    # --- lanes ---

    def _grow(self) -> None:
        size = self._room.size * self._lay.own
        if size > self._M.shape[1]:
            grown = np.zeros((len(self._M), size))
            grown[:, : self._M.shape[1]] = self._M
            self._M = grown

    def _put_synapses(self, value: Array, start: int) -> None:
        """Write (network or 1, post, pre) where synapses of that name lie."""
        self._lay.put_synapses(value, self._M, start)

    def _synapses(self, name: str) -> Array:
        _, post, pre = self._room.places["plastic", name]
        return self._lay.synapses(self._M, self._where[name][0], post, pre)


def lanes_of(networks: int) -> int:
    """Return how many networks are computed where so many learn; some fill up the last lanes."""
    lay = Lanes(networks, 1, NETWORKS)
    return lay.parts * lay.width


def pattern(values: Array) -> npt.NDArray[np.bool_]:
    """Return where some network has a synapse."""
    return np.asarray((values != 0).any(axis=0))


def _shown(state: Any, role: str) -> Array:
    return np.asarray(state.apical if role == "apical" else state.rates[role])
