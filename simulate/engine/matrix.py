"""Matrices: synapses that learn, as sums of factors times synapses or outer products."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from errorneurons.simulate.engine.nodes import Given, Ref, Traced, block_of, computed, pairs_of

if TYPE_CHECKING:
    from errorneurons.simulate.engine.tape import Tape


class Leaf(NamedTuple):
    """Synapses that learn, as they are before the step; (post, pre) of a term is at offsets."""

    name: str
    turned: bool
    offsets: tuple[int, int]


class Outer(NamedTuple):
    """The product of two vectors; (post, pre) of a term is at offsets in them."""

    post: tuple[Ref, ...]
    pre: tuple[Ref, ...]
    offsets: tuple[int, int]


Atom = Leaf | Outer | None


class Term(NamedTuple):
    """A factor times an atom; without an atom the factor itself.

    It has dims (post, pre), or (network, post, pre) where it may differ from network to network.
    """

    factor: Given
    atom: Atom


class Matrix(Traced):
    """Synapses that learn, or what is computed from them: a sum of terms."""

    def __init__(self, tape: Tape, dims: Sequence[int], terms: Sequence[Term]) -> None:
        self.tape, self.shape = tape, (tape.networks, *dims)
        self.terms: list[Term] = []
        for term in terms:
            self._add(term)

    def _add(self, term: Term) -> None:
        """Add a term, to the one with the same atom if there is one."""
        for k, other in enumerate(self.terms):
            if other.atom == term.atom:
                factor = computed(self.tape, np.add, (other.factor, term.factor), {})
                self.terms[k] = Term(factor, term.atom)
                return
        self.terms.append(term)

    def scaled(self, factor: Any) -> Matrix:
        """Return the product with what is given."""
        new = [Term(computed(self.tape, np.multiply, (t.factor, factor), {}), t.atom)
               for t in self.terms]  # fmt: skip
        return Matrix(self.tape, self.shape[1:], new)

    def plus(self, other: Matrix) -> Matrix:
        """Return the sum."""
        return Matrix(self.tape, self.shape[1:], [*self.terms, *other.terms])

    def turn(self) -> Matrix:
        """Return the transpose."""
        terms = []
        for factor, atom in self.terms:
            swapped = computed(self.tape, np.swapaxes, (factor, -1, -2), {})
            new: Atom = None
            if isinstance(atom, Leaf):
                new = Leaf(atom.name, not atom.turned, atom.offsets[::-1])
            if isinstance(atom, Outer):
                new = Outer(atom.pre, atom.post, atom.offsets[::-1])
            terms.append(Term(swapped, new))
        return Matrix(self.tape, self.shape[:0:-1], terms)

    def copy(self) -> Matrix:
        """Return a copy."""
        return Matrix(self.tape, self.shape[1:], self.terms)

    def _blocks(self, key: Any) -> Any:
        block = block_of(key, self.shape)
        if block is not None:
            return [block]
        pairs = pairs_of(key)
        if pairs is None:
            raise self.tape.error(f"index {key!r} of synapses", "index [:, post, pre] with slices")
        return pairs

    def __getitem__(self, key: Any) -> Matrix:
        blocks = self._blocks(key)
        if len(blocks) == 1:
            return self._block(*blocks[0])
        posts, pres = _grid(blocks)
        shape = (sum(b - a for a, b in posts), sum(b - a for a, b in pres))
        whole = Matrix(self.tape, shape, [])
        for (rows, columns), own in zip(_targets(posts, pres), blocks, strict=True):
            whole._put(rows, columns, self._block(*own))
        return whole

    def _block(self, post: tuple[int, int], pre: tuple[int, int]) -> Matrix:
        terms = []
        for factor, atom in self.terms:
            own = factor[..., post[0] : post[1], pre[0] : pre[1]]
            moved = atom and atom._replace(
                offsets=(atom.offsets[0] + post[0], atom.offsets[1] + pre[0])
            )
            terms.append(Term(own, moved))
        return Matrix(self.tape, (post[1] - post[0], pre[1] - pre[0]), terms)

    def __setitem__(self, key: Any, value: Any) -> None:
        blocks = self._blocks(key)
        posts, pres = _grid(blocks)
        shape = (sum(b - a for a, b in posts), sum(b - a for a, b in pres))
        new = self.tape.matrix(value, *shape)
        for at, (post, pre) in zip(_targets(posts, pres), blocks, strict=True):
            self._put(post, pre, new._block(*at))

    def _put(self, post: tuple[int, int], pre: tuple[int, int], value: Matrix) -> None:
        hole = np.ones(self.shape[1:])
        hole[post[0] : post[1], pre[0] : pre[1]] = 0.0
        kept = self.scaled(hole).terms
        self.terms = []
        around = ((0, 0), (post[0], self.shape[1] - post[1]), (pre[0], self.shape[2] - pre[1]))
        for term in kept:
            self._add(term)
        for factor, atom in value.terms:
            moved = atom and atom._replace(
                offsets=(atom.offsets[0] - post[0], atom.offsets[1] - pre[0])
            )
            padded = computed(self.tape, np.pad, (factor, around[-factor.ndim :]), {})
            self._add(Term(padded, moved))
        self.terms = [t for t in self.terms if t.factor.needs or np.any(t.factor.sample)]


def _grid(blocks: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    return list(dict.fromkeys(b[0] for b in blocks)), list(dict.fromkeys(b[1] for b in blocks))


def _targets(posts: list[Any], pres: list[Any]) -> list[Any]:
    """Return where blocks stand that are put side by side."""

    def ends(runs: list[Any]) -> list[tuple[int, int]]:
        sizes = np.cumsum([0, *(b - a for a, b in runs)]).tolist()
        return list(pairwise(sizes))

    return [(p, q) for p in ends(posts) for q in ends(pres)]
