"""Where synapses may exist, and what learning does to blocks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.engine.matrix import Leaf, Matrix, Outer, Term
from errorneurons.simulate.engine.nodes import Given, Ref, View, computed, cut
from errorneurons.simulate.engine.tape import Tape

Pattern = npt.NDArray[np.bool_]


@dataclass
class Change:
    """One operation of learning on a block of synapses."""

    kind: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    scale: float = 1.0
    keep: int = 1
    post: Ref | None = None
    pre: Ref | None = None
    source: View | None = None
    table: Given | None = None


def blocks_of(pattern: Pattern) -> list[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """Return rows that have the same synapses, and the runs of columns that they have."""
    if not pattern.any():
        return []
    changes = np.flatnonzero((pattern[1:] != pattern[:-1]).any(axis=1)) + 1
    ends = [0, *changes.tolist(), len(pattern)]
    if len(ends) > 33:  # single zeros: one block with all of them
        columns = np.flatnonzero(pattern.any(axis=0))
        rows = np.flatnonzero(pattern.any(axis=1))
        return [((int(rows[0]), int(rows[-1]) + 1), [(int(columns[0]), int(columns[-1]) + 1)])]
    found = []
    for begin, end in pairwise(ends):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], pattern[begin].astype(int), [0]])))
        runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
        if runs:
            found.append(((begin, end), runs))
    return found


def pattern_of(matrix: Matrix, patterns: Mapping[str, Pattern]) -> Pattern:
    """Return where synapses may exist, from where the synapses exist that they come from."""
    found = np.zeros(matrix.shape[1:], dtype=bool)
    for term in matrix.terms:
        found |= mask_of(term, patterns)
    return found


def mask_of(term: Term, patterns: Mapping[str, Pattern]) -> Pattern:
    """Return where a term may be anything but 0."""
    mask = (term.factor.sample != 0).reshape(-1, *term.factor.shape[-2:]).any(axis=0)
    if isinstance(term.atom, Leaf):
        own = patterns[term.atom.name]
        own = own.T if term.atom.turned else own
        (i, j), (post, pre) = term.atom.offsets, mask.shape
        rows, columns = np.arange(post) + i, np.arange(pre) + j
        inside = ((rows >= 0) & (rows < len(own)))[:, None]
        inside = inside & ((columns >= 0) & (columns < own.shape[1]))
        at = np.ix_(np.clip(rows, 0, len(own) - 1), np.clip(columns, 0, own.shape[1] - 1))
        mask = mask & inside & own[at]
    return np.asarray(mask)


def settled_patterns(
    learnt: Mapping[str, Matrix], start: Mapping[str, Pattern]
) -> dict[str, Pattern]:
    """Return where synapses may come to exist by learning."""
    patterns = dict(start)
    while True:
        new = {n: patterns[n] | pattern_of(m, patterns) for n, m in learnt.items()}
        if all((new[n] == patterns[n]).all() for n in new):
            return patterns
        patterns |= new


def seen_pattern(view: View, patterns: Mapping[str, Pattern]) -> Pattern:
    """Return where synapses may exist in what is seen of a matrix."""
    root = view.root
    if isinstance(root, str):
        whole = patterns[root]
    elif isinstance(root, Matrix):
        whole = pattern_of(root, patterns)
    else:
        whole = (root.sample != 0).reshape(-1, *root.shape[-2:]).any(axis=0)
    own = whole[slice(*view.rows), slice(*view.columns)]
    return own.T if view.turned else own


def changes_of(
    tape: Tape, name: str, matrix: Matrix, patterns: Mapping[str, Pattern]
) -> tuple[bool, list[Change]]:
    """Return whether synapses are changed in place, and what is done to them."""
    own = Leaf(name, False, (0, 0))
    in_place = any(
        t.atom == own and not t.factor.needs and bool((t.factor.sample == 1).all())
        for t in matrix.terms
    ) and not any(
        isinstance(t.atom, Leaf) and t.atom.name == name and t.atom != own for t in matrix.terms
    )
    changes: list[Change] = []
    covered = np.full(matrix.shape[1:], in_place)
    terms = sorted(matrix.terms, key=lambda t: isinstance(t.atom, Outer))
    for term in terms:
        if in_place and term.atom == own:
            continue
        mask = mask_of(term, patterns)
        if isinstance(term.atom, Outer):
            changes += _empty(mask & ~covered)
            changes += _of_outer(tape, term, mask)
        else:
            for keep in (0, 1):
                changes += of_synapses(term, mask & (covered if keep else ~covered), keep)
        covered = covered | mask
    if not in_place:
        changes += _empty(patterns[name] & ~covered)
    return in_place, changes


def _each_block(mask: Pattern) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
    for rows, runs in blocks_of(mask):
        for columns in runs:
            yield rows, columns


def _empty(mask: Pattern) -> list[Change]:
    return [Change("combine", r, c, keep=2) for r, c in _each_block(mask)]


def of_synapses(term: Term, mask: Pattern, keep: int) -> list[Change]:
    """Return what writes a term of other synapses, on top of what is there if `keep`."""
    changes = []
    for rows, columns in _each_block(mask):
        change = Change("combine", rows, columns, keep=keep)
        if isinstance(term.atom, Leaf):
            i, j = term.atom.offsets
            own, other = (rows[0] + i, rows[1] + i), (columns[0] + j, columns[1] + j)
            seen = (other, own) if term.atom.turned else (own, other)
            change.source = View(term.atom.name, *seen, term.atom.turned)
            change.scale, change.table = _uniform(term.factor, rows, columns)
        else:
            change.source = View(term.factor, rows, columns, False)
        changes.append(change)
    return changes


def _uniform(
    factor: Given, rows: tuple[int, int], columns: tuple[int, int]
) -> tuple[float, Given | None]:
    """Return the one number that a factor is in a block, or 1 and the factor."""
    block = factor.sample[..., slice(*rows), slice(*columns)]
    first = float(block.reshape(-1)[0])
    if not _may_differ(factor) and (block == first).all():
        return first, None
    return 1.0, factor


def _may_differ(factor: Given) -> bool:
    """Return whether networks may differ in a factor, whether or not these do."""
    return bool(factor.needs) or factor.ndim == 3


def _of_outer(tape: Tape, term: Term, mask: Pattern) -> list[Change]:
    atom, factor = term.atom, term.factor
    assert isinstance(atom, Outer)
    changes = []
    for rows, columns in _split_rows(factor, mask):
        scale, table = _uniform(factor, rows, columns)
        block = factor.sample[..., slice(*rows), slice(*columns)]
        by_row = not factor.needs and (block == block[..., :1]).all()
        i, j = atom.offsets
        at = rows[0]
        for post in cut(atom.post, rows[0] + i, rows[1] - rows[0]):
            own = (at, at + post.rows)
            at = own[1]
            if post.node.op == "const" and post.node.factors[0] == 0:
                continue
            used = post
            if table is not None and by_row:
                values = factor[..., slice(*own), slice(columns[0], columns[0] + 1)]
                turned = computed(tape, np.swapaxes, (values, -1, -2), {})
                (scaled,) = (tape.vector([post]) * turned).pieces
                used = scaled
                tape.opaque.update((post.node, scaled.node))
            to = columns[0]
            for pre in cut(atom.pre, columns[0] + j, columns[1] - columns[0]):
                other = (to, to + pre.rows)
                to = other[1]
                change = Change("outer", own, other, scale, post=used, pre=pre)
                change.table = None if by_row else table
                changes.append(change)
    return changes


def _split_rows(factor: Given, mask: Pattern) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield blocks, rows apart whose factor is another number."""
    for rows, columns in _each_block(mask):
        block = factor.sample[..., slice(*rows), slice(*columns)].reshape(
            -1, rows[1] - rows[0], columns[1] - columns[0]
        )
        first = block[:1, :, :1]
        if _may_differ(factor) or not (block == first).all():
            yield rows, columns
            continue
        ends = np.flatnonzero(np.diff(first.reshape(-1))) + 1
        edges = [rows[0], *(rows[0] + ends).tolist(), rows[1]]
        for begin, end in pairwise(edges):
            yield (begin, end), columns


def flagged_runs(flags: Pattern, start: int) -> list[tuple[bool, tuple[int, int]]]:
    """Return each run of equal flags, and where it begins and ends."""
    if not len(flags):
        return []
    ends = [0, *(np.flatnonzero(np.diff(flags)) + 1).tolist(), len(flags)]
    return [(bool(flags[a]), (start + a, start + b)) for a, b in pairwise(ends)]


def learning_order(
    tape: Tape, learnt: Mapping[str, Any], patterns: Mapping[str, Pattern]
) -> list[tuple[str, bool, list[Change]]]:
    """Return what learning does, in an order in which nothing is read after it changed."""
    buffered: list[tuple[str, bool, list[Change]]] = []
    changing: list[tuple[str, bool, list[Change]]] = []
    for name, matrix in learnt.items():
        in_place, changes = changes_of(tape, name, matrix, patterns)
        (changing if in_place else buffered).append((name, in_place, changes))
    ordered: list[tuple[str, bool, list[Change]]] = []
    while changing:
        for own in changing:
            reads = {
                c.source.root for other in changing if other is not own
                for c in other[2] if c.source is not None
            }  # fmt: skip
            if own[0] not in reads:
                ordered.append(own)
                changing.remove(own)
                break
        else:
            raise tape.error("synapses that change by each other", "let one of them lag")
    return buffered + ordered
