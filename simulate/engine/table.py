"""The table of operations, and the memory that they work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from errorneurons.simulate.engine import loop
from errorneurons.simulate.engine.nodes import Given


class Room:
    """Where matrices lie, (post, pre) each; it grows as programs need more of them."""

    def __init__(self) -> None:
        self.places: dict[Any, tuple[int, int, int]] = {}
        self.held: list[Any] = []
        self.size = 0

    def place(self, key: Any, post: int, pre: int) -> tuple[int, int]:
        """Return where a matrix begins and how many columns it has."""
        if key not in self.places:
            self.places[key] = (self.size, post, pre)
            self.size += post * pre
        return self.places[key][0], pre

    def of(self, values: Given) -> tuple[int, int]:
        """Return where a matrix that is given begins, and how many columns it has."""
        self.held.append(values)  # as long as it is, no other has its identity
        return self.place(id(values), *values.shape[-2:])


@dataclass
class OperationTable:
    """A program as the loop takes it, in units of lanes.

    Attributes
    ----------
    operations
        Rows of (code, size, five places, six numbers), still symbolic.
    parts
        First operation of each part, and the end of the last.
    given
        What is given, and its rows.
    state, sums
        First row and rows of each array of the state, and of what is recorded.
    varying
        First row and rows of what changes from step to step.
    regions
        Rows of each region.
    carried, permutation
        Rows of each place of what is carried on, and which place each takes over after a step.
    plastic
        Names of synapses that learning writes into their spare place.
    synapses
        What is given as synapses, and where it lies.
    """

    operations: list[tuple[str, int, list[Any], list[Any], list[float], str]]
    parts: list[int]
    given: list[tuple[Any, int, int]]
    state: dict[str, tuple[int, int]]
    sums: dict[str, tuple[int, int]]
    varying: dict[str, tuple[int, int]]
    regions: dict[str, int]
    carried: list[int]
    permutation: list[int]
    plastic: list[str]
    synapses: dict[int, tuple[Given, int]]


class Free:
    """Rows of working memory that are free."""

    def __init__(self, start: int) -> None:
        self.end, self.holes = start, list[tuple[int, int]]()

    def take(self, rows: int) -> int:
        """Return where so many rows are free."""
        for k, (start, size) in enumerate(self.holes):
            if size >= rows:
                self.holes[k] = (start + rows, size - rows)
                if size == rows:
                    del self.holes[k]
                return start
        self.end += rows
        return self.end - rows

    def give(self, start: int, rows: int) -> None:
        """Return rows."""
        merged: list[tuple[int, int]] = []
        for own in sorted([*self.holes, (start, rows)]):
            if merged and sum(merged[-1]) == own[0]:
                merged[-1] = (merged[-1][0], merged[-1][1] + own[1])
            else:
                merged.append(own)
        self.holes = merged


def encoded(
    table: OperationTable, lanes: int, synapse_lanes: int, plastic: Mapping[str, int]
) -> tuple[Any, ...]:
    """Return a table with numbers in place of names.

    Parameters
    ----------
    table
        The program.
    lanes, synapse_lanes
        Numbers a row, and numbers a synapse.
    plastic
        Which place each of the synapses that learn has among those; its spare one is the next.

    Returns
    -------
    program, factors, layout, where, permutation
        `layout` says where the regions begin, and the size of all.
    """
    begins, at = {}, 0
    for region in ("given", "state", "sums", "work"):
        begins[region] = at
        at += table.regions[region] * lanes
    where, slots = [0], len(table.carried)
    for rows in table.carried:
        where.append(at)
        at += rows * lanes
    permutation = [0, *(1 + k for k in table.permutation)]
    for name, k in plastic.items():
        own = 1 + slots + 2 * k
        pair = [own, own + 1]
        permutation += pair[::-1] if name in table.plastic else pair

    def place(one: tuple[str, int]) -> tuple[int, int]:
        region, row = one
        if region in begins:
            return 0, begins[region] + row * lanes
        kind, _, name = region.partition(" ")
        if kind == "slot":
            return 1 + int(name), row * lanes
        if kind == "synapses":
            return 0, row * synapse_lanes
        spare = kind == "spare"
        return 1 + slots + 2 * plastic[name] + spare, row * synapse_lanes

    def number(one: Any) -> int:
        if isinstance(one, tuple):
            return int(one[1] * (synapse_lanes if one[0] == "synapses" else lanes))
        return int(one)

    program = np.zeros((len(table.operations), loop.PROGRAM_COLUMNS), np.int64)
    factors = np.zeros((len(table.operations), loop.FACTORS))
    for k, (op, rows, places, numbers, scales, unit) in enumerate(table.operations):
        program[k, 0] = loop.OPERATIONS.index(op)
        program[k, 1] = rows if unit == "rows" else rows * lanes
        for n, one in enumerate(places):
            program[k, 2 + 2 * n : 4 + 2 * n] = place(one)
        for n, one in enumerate(numbers):
            program[k, 12 + n] = number(one)
        factors[k, : len(scales)] = scales
    return program, factors, {**begins, "end": at}, where, np.array(permutation, np.int64)
