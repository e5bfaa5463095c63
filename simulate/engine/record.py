"""Records a theory: runs its `step` and `learn` once with arrays that note what is done to them.

Three kinds of arrays stand in for those of NumPy:

========= ========================================================================
`Given`   what stays as it is while a program runs: parameters, the world, frozen
          synapses. Whatever is computed from such alone is left to NumPy.
`Vector`  what changes from step to step, dims (network, stream, neuron)
`Matrix`  synapses that learn, dims (network, post, pre): a sum of terms, each a factor
          times other synapses, or times an outer product of two vectors
========= ========================================================================

A `Vector` is a list of pieces, so that slices, `np.concatenate` and assignments to slices cost
nothing: they say where operands are found. What remains are `Node`s, operations on neurons that
stand side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array
from errorneurons.simulate.engine.functions import TRACED_FUNCTIONS
from errorneurons.simulate.engine.matrix import Leaf, Matrix, Term
from errorneurons.simulate.engine.nodes import Given, Ref, View
from errorneurons.simulate.engine.tape import Tape, rows_of
from errorneurons.simulate.engine.trees import arrays, rebuilt
from errorneurons.simulate.engine.vector import RECORDED_STREAMS


@dataclass(frozen=True)
class Recorded:
    """What a theory does in one step.

    Attributes
    ----------
    tape
        The operations.
    state
        Path of each array of the state -> what it is after the step.
    template
        The state after the step, whose arrays are to be replaced.
    shown
        Role, or ``"apical"`` -> what is recorded of it.
    learnt
        Name of the synapses that learn -> what they are after the step.
    """

    tape: Tape
    state: Mapping[str, tuple[Ref, ...]]
    template: Any
    shown: Mapping[str, tuple[Ref, ...]]
    learnt: Mapping[str, Matrix]


def record_circuit(
    circuit: Any, weights: Any, state: Any, world: Any, plastic: frozenset[str], learn: bool,
    varying: frozenset[str] = frozenset(),
) -> Recorded:  # fmt: skip
    """Record a step of a theory.

    Parameters
    ----------
    circuit, weights, state
        A theory, its synapses and a state.
    world
        A world; which roles and synapses it names decides what is recorded.
    plastic
        Names of the synapses that learn, now or in other programs.
    learn
        Whether they do now.
    varying
        Paths in the world of what changes from step to step.

    Raises
    ------
    RecordingError
        If the theory does something that the engine does not know.
    """
    networks = len(next(iter(arrays(weights).values())))
    tape = Tape(circuit.theory, networks, bool(plastic), TRACED_FUNCTIONS)
    own = {}
    for name, value in arrays(weights).items():
        own[name] = _synapses(tape, name, value, name in plastic)
    traced = rebuilt(weights, own)
    before = rebuilt(state, {
        name: tape.leaf(f"state.{name}", value.shape[-1]) for name, value in arrays(state).items()
    })  # fmt: skip
    after = circuit.step(traced, before, _world(tape, world, varying))
    learnt: dict[str, Matrix] = {}
    if learn:
        new = arrays(circuit.learn(traced, before, after))
        if set(new) != set(own):
            raise tape.error("learning that makes new synapses", "let them be there from the start")
        learnt = {n: tape.matrix(x, *x.shape[1:]) for n, x in new.items() if x is not own[n]}
        if not set(learnt) <= plastic:
            raise tape.error(f"learning of {sorted(set(learnt) - plastic)}", "see `plastic`")
    after_arrays = arrays(after)
    shown = dict(after.rates)
    if "apical" in after_arrays:
        shown["apical"] = after.apical
    return Recorded(
        tape,
        {name: tuple(tape.pieces(x, rows_of(x))) for name, x in after_arrays.items()},
        after,
        {name: tuple(tape.pieces(x, rows_of(x))) for name, x in shown.items()},
        learnt,
    )


def _synapses(tape: Tape, name: str, value: Array, learns: bool) -> Any:
    path = f"weights.{name}"
    if learns:
        ones = tape.given(np.ones(value.shape[1:]))
        return Matrix(tape, value.shape[1:], [Term(ones, Leaf(name, False, (0, 0)))])
    own = _leaf_given(tape, path, value)
    if value.ndim == 3:
        own.view = View(own, (0, value.shape[1]), (0, value.shape[2]), False)
    return own


def _leaf_given(tape: Tape, path: str, sample: Array) -> Given:
    return Given(tape, sample, lambda environment, _: environment[path], frozenset((path,)))


def _world(tape: Tape, world: Any, varying: frozenset[str]) -> Any:
    def own(path: str, value: Array, ones: bool = False) -> Any:
        if path in varying:
            return tape.leaf(path, value.shape[-1])
        last = value.shape[-1]
        sample = (
            np.ones(value.shape)
            if ones
            else np.broadcast_to(
                value,
                (
                    tape.networks,
                    value.shape[-2] if value.shape[-2] == 1 else RECORDED_STREAMS,
                    last,
                ),
            )
            if value.shape[-2] in (1, RECORDED_STREAMS)
            else np.zeros((tape.networks, RECORDED_STREAMS, last))
        )
        if ones:
            sample = np.ones(value.shape)
        return _leaf_given(tape, path, sample)

    teaching = world.teaching
    known = teaching.all() or not teaching.any()
    return replace(
        world,
        input=own("world.input", world.input),
        target=own("world.target", world.target),
        teaching=np.full((1, 1, 1), bool(teaching.all())) if known else _leaf_given(
            tape, "world.teaching", np.zeros((1, 1, 1), dtype=bool)
        ),
        keep={role: own(f"world.keep.{role}", x) for role, x in world.keep.items()},
        current={role: own(f"world.current.{role}", x) for role, x in world.current.items()},
        synapses={n: own(f"world.synapses.{n}", x, True) for n, x in world.synapses.items()},
    )  # fmt: skip
