"""The table of operations, and the memory that they work on: its rows and its lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import Array
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


class Lanes:
    """Networks of one stream in lanes, or the streams of a network, which share its synapses.

    Attributes
    ----------
    shared
        Whether lanes share synapses.
    width
        Lanes of a block.
    own
        Lanes of the synapses.
    index
        Which network, or stream, stands in each lane of all parts; the last fills up.
    parts
        How many blocks networks, or the streams of a network, are dealt into.
    blocks
        How many there are.
    owners
        Whose synapses each block uses, a row of their array.
    rows
        Rows of that array.
    """

    def __init__(self, networks: int, streams: int, most: int) -> None:
        """Deal networks, or streams if there are several, into blocks of `most` or fewer."""
        self.networks, self.streams = networks, streams
        self.shared = streams > 1
        count = streams if self.shared else networks
        self.parts = -(-count // most)
        each = -(-count // self.parts)
        self.width = -(-each // loop.LANES_AT_ONCE) * loop.LANES_AT_ONCE
        self.index = np.minimum(np.arange(self.parts * self.width), count - 1)
        self.rows = networks if self.shared else self.parts
        self.blocks = self.parts * (networks if self.shared else 1)
        self.owners = (
            np.repeat(np.arange(networks), self.parts) if self.shared else np.arange(self.parts)
        )
        self.own = 1 if self.shared else self.width

    def columns(self, row: int, rows: int) -> slice:
        """Return where rows stand in what a block has, a row after the other."""
        return slice(row * self.width, (row + rows) * self.width)

    def to_lanes(self, value: Array, home: Array, row: int, rows: int) -> None:
        """Write (network or 1, stream or 1, neuron or 1) into rows of all blocks."""
        goal = home[:, self.columns(row, rows)]
        value = value.reshape((1,) * (3 - value.ndim) + value.shape)
        if self.shared:
            own = value[:, self.index] if value.shape[1] > 1 else value
            if own.shape[1] > 1:
                own = own.reshape(len(own), self.parts, self.width, own.shape[-1])
            else:
                own = own[:, None]
            goal.reshape(self.networks, self.parts, rows, self.width)[...] = own.swapaxes(-1, -2)
            return
        own = value[self.index, 0] if len(value) > 1 else value[:, 0]
        own = own.reshape(self.parts, self.width, own.shape[-1]) if len(own) > 1 else own[None]
        goal.reshape(self.parts, rows, self.width)[...] = own.swapaxes(-1, -2)

    def from_lanes(self, numbers: Array) -> Array:
        """Return (network, stream, neuron) of rows of all blocks."""
        rows = numbers.shape[1] // self.width
        if self.shared:
            each = numbers.reshape(self.networks, self.parts, rows, self.width).swapaxes(-1, -2)
            return each.reshape(self.networks, -1, rows)[:, : self.streams].copy()
        own = numbers.reshape(self.parts, rows, self.width).swapaxes(-1, -2)
        return own.reshape(-1, 1, rows)[: self.networks].copy()

    def from_bins(self, numbers: Array) -> Array:
        """Return (bin, network, stream, neuron) of rows of all blocks, (block, bin, number)."""
        bins, rows = numbers.shape[1], numbers.shape[2] // self.width
        if self.shared:
            each = numbers.reshape(self.networks, self.parts, bins, rows, self.width)
            turned = each.transpose(2, 0, 1, 4, 3).reshape(bins, self.networks, -1, rows)
            return turned[:, :, : self.streams]
        turned = numbers.reshape(self.parts, bins, rows, self.width).transpose(1, 0, 3, 2)
        return turned.reshape(bins, -1, 1, rows)[:, : self.networks]

    def put_synapses(self, value: Array, home: Array, start: int) -> None:
        """Write (network or 1, post, pre) into an array of synapses."""
        value = value if value.ndim == 3 else value[None]
        size = value.shape[1] * value.shape[2]
        goal = home[:, start * self.own : (start + size) * self.own]
        flat = value.reshape(len(value), size)
        if self.shared:
            goal[...] = flat
            return
        alike = len(flat) == 1
        flat = flat[None] if alike else flat[self.index].reshape(self.parts, self.own, size)
        goal.reshape(self.parts, size, self.own)[...] = flat.swapaxes(-1, -2)

    def synapses(self, home: Array, start: int, post: int, pre: int) -> Array:
        """Return (network, post, pre) of an array of synapses."""
        numbers = home[:, start * self.own : (start + post * pre) * self.own]
        if self.shared:
            return numbers.reshape(self.networks, post, pre).copy()
        each = numbers.reshape(self.parts, post, pre, self.own).transpose(0, 3, 1, 2)
        return each.reshape(-1, post, pre)[: self.networks].copy()
