"""Turns what was recorded into the table of operations that the compiled loop goes through.

In this order: synapses that do not exist are left out, sums of sums become one operation, what
does not change is moved before the first step, what nobody reads is dropped, and every value gets
a place, which others use once it is no longer read.

There are two versions of a step. The last one also writes down the whole state; the others compute
only what later steps, or what is recorded, need. Both do the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from errorneurons.simulate.program import loop
from errorneurons.simulate.program.record import (
    Given,
    Leaf,
    Matrix,
    Node,
    Outer,
    Recorded,
    Ref,
    Tape,
    Term,
    View,
    _cut,
    _given,
)

Pattern = npt.NDArray[np.bool_]
Place = tuple[str, int]
"""Where rows lie: a region and a row in it."""

TERMS = 4
"""The most operands of an operation."""


class Form(NamedTuple):
    """What is executed for a node."""

    op: str
    args: tuple[Ref, ...]
    factors: tuple[float, ...]


@dataclass(eq=False)
class Product:
    """A product of a block of synapses: columns of its operands, and what it is added to."""

    view: View
    columns: tuple[int, ...]
    begin: Node | None = None


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
class Table:
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

    operations: list[tuple[str, int, list[Any], list[Any], list[float]]]
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


# --- blocks -------------------------------------------------------------------------------------


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
    for begin, end in zip(ends[:-1], ends[1:], strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], pattern[begin].astype(int), [0]])))
        runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
        if runs:
            found.append(((begin, end), runs))
    return found


def pattern_of(matrix: Matrix, patterns: Mapping[str, Pattern]) -> Pattern:
    """Return where synapses may exist, from where the synapses exist that they come from."""
    found = np.zeros(matrix.shape[1:], dtype=bool)
    for term in matrix.terms:
        found |= _mask(term, patterns)
    return found


def _mask(term: Term, patterns: Mapping[str, Pattern]) -> Pattern:
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


def _root_pattern(view: View, patterns: Mapping[str, Pattern]) -> Pattern:
    root = view.root
    if isinstance(root, str):
        whole = patterns[root]
    elif isinstance(root, Matrix):
        whole = pattern_of(root, patterns)
    else:
        whole = (root.sample != 0).reshape(-1, *root.shape[-2:]).any(axis=0)
    own = whole[slice(*view.rows), slice(*view.columns)]
    return own.T if view.turned else own


# --- learning -----------------------------------------------------------------------------------


def _changes(
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
        mask = _mask(term, patterns)
        if isinstance(term.atom, Outer):
            changes += _empty(mask & ~covered)
            changes += _of_outer(tape, term, mask)
        else:
            for keep in (0, 1):
                changes += _of_synapses(term, mask & (covered if keep else ~covered), keep)
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


def _of_synapses(term: Term, mask: Pattern, keep: int) -> list[Change]:
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
    """Return whether the example of a factor says nothing about its values elsewhere."""
    return bool(factor.needs)


def _of_outer(tape: Tape, term: Term, mask: Pattern) -> list[Change]:
    atom, factor = term.atom, term.factor
    assert isinstance(atom, Outer)
    changes = []
    for rows, columns in _split_rows(factor, mask):
        scale, table = _uniform(factor, rows, columns)
        block = factor.sample[..., slice(*rows), slice(*columns)]
        by_row = not _may_differ(factor) and (block == block[..., :1]).all()
        i, j = atom.offsets
        at = rows[0]
        for post in _cut(atom.post, rows[0] + i, rows[1] - rows[0]):
            own = (at, at + post.rows)
            at = own[1]
            if post.node.op == "const" and post.node.factors[0] == 0:
                continue
            used = post
            if table is not None and by_row:
                values = factor[..., slice(*own), slice(columns[0], columns[0] + 1)]
                turned = _given(tape, np.swapaxes, (values, -1, -2), {})
                (scaled,) = (tape.vector([post]) * turned).pieces
                used = scaled
            to = columns[0]
            for pre in _cut(atom.pre, columns[0] + j, columns[1] - columns[0]):
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
        for begin, end in zip(edges[:-1], edges[1:], strict=True):
            yield (begin, end), columns


# --- fusing -------------------------------------------------------------------------------------

FUSED = ("lin", "mul")


def _fused(nodes: Sequence[Node], roots: Iterable[Ref]) -> dict[Node, Form]:
    """Return what is executed for each node, sums of sums being one operation."""
    blocked = {ref.node for ref in roots}
    uses: dict[Node, list[tuple[int, int]]] = {}
    for node in nodes:
        for ref in node.args:
            uses.setdefault(ref.node, []).append((ref.start, ref.start + ref.rows))
            if node.op not in FUSED:
                blocked.add(ref.node)
    forms: dict[Node, Form] = {}

    def inlined(ref: Ref) -> Form | None:
        child = ref.node
        if child.op not in FUSED or child in blocked:
            return None
        spans = sorted(uses[child])
        if any(a[1] > b[0] for a, b in zip(spans[:-1], spans[1:], strict=True)):
            return None
        form = forms[child]
        return form._replace(args=tuple(a.part(ref.start, ref.rows) for a in form.args))

    for node in nodes:
        form = Form(node.op, node.args, node.factors)
        if node.op == "lin":
            form = _sum(node, inlined)
        if node.op == "mul":
            form = _scaled(node, inlined)
        forms[node] = form
    return forms


def _sum(node: Node, inlined: Any) -> Form:
    product: tuple[float, Ref, Ref] | None = None
    terms = list(zip(node.factors[:-1], node.args, strict=True))
    e, done = node.factors[-1], []
    while terms:
        a, ref = terms.pop(0)
        child, others = inlined(ref), len(terms) + len(done)
        if child is not None and child.op == "lin":
            if others + len(child.args) <= (2 if product else TERMS):
                done += [(a * b, r) for b, r in zip(child.factors, child.args, strict=False)]
                e += a * child.factors[-1]
                continue
        if child is not None and child.op in ("mul", "muladd") and product is None:
            if others + len(child.args) - 2 <= 2:
                product = (a * child.factors[0], child.args[0], child.args[1])
                own = zip(child.factors[1:-1], child.args[2:], strict=True)
                done += [(a * b, r) for b, r in own]
                e += a * child.factors[-1]
                continue
        done.append((a, ref))
    refs, factors = tuple(r for _, r in done), tuple(a for a, _ in done)
    if product is None:
        return Form("lin", refs, (*factors, e))
    if not refs:
        return Form("mul", product[1:], (product[0], e))
    return Form("muladd", (*product[1:], *refs), (product[0], *factors, e))


def _scaled(node: Node, inlined: Any) -> Form:
    a, args = node.factors[0], []
    for ref in node.args:
        child = inlined(ref)
        if child is not None and child.op == "lin" and len(child.args) == 1:
            if child.factors[1] == 0:
                a *= child.factors[0]
                args.append(child.args[0])
                continue
        args.append(ref)
    return Form("mul", tuple(args), (a, node.factors[1]))


# --- lowering -----------------------------------------------------------------------------------


class _Free:
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


class Lowering:
    """One program on its way from what was recorded to the table of operations."""

    def __init__(
        self, recorded: Recorded, roles: Sequence[str], patterns: Mapping[str, Pattern],
        plastic: Sequence[str], room: Room,
    ) -> None:  # fmt: skip
        self.recorded, self.patterns, self.room = recorded, patterns, room
        self.tape, self.plastic = recorded.tape, list(plastic)
        self.shown = {role: recorded.shown[role] for role in roles}
        self.learning = self._learning()
        self.forms = self._forms()
        self.given: dict[Any, tuple[Any, int, int]] = {}
        self.given_rows = 0
        self.places: dict[Node, Place] = {}
        self.operations: list[Any] = []
        self.state, self.sums = self._regions(recorded.state), self._regions(self.shown)
        self.varying: dict[str, tuple[int, int]] = {}
        self.synapses: dict[int, tuple[Given, int]] = {}

    @staticmethod
    def _regions(lists: Mapping[str, Sequence[Ref]]) -> dict[str, tuple[int, int]]:
        found, at = {}, 0
        for name, refs in lists.items():
            rows = sum(r.rows for r in refs)
            found[name] = (at, rows)
            at += rows
        return found

    def _learning(self) -> list[tuple[str, bool, list[Change]]]:
        """Return what learning does, in an order in which nothing is read after it changed."""
        buffered, changing = [], []
        for name, matrix in self.recorded.learnt.items():
            in_place, changes = _changes(self.tape, name, matrix, self.patterns)
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
                raise self.tape.error("synapses that change by each other", "let one of them lag")
        return buffered + ordered

    def _forms(self) -> dict[Node, Form]:
        roots = [r for refs in self.recorded.state.values() for r in refs]
        roots += [r for refs in self.shown.values() for r in refs]
        roots += self._read_by_learning()
        reached = _reached(roots, lambda node: node.args)
        nodes = [node for node in self.tape.nodes if node in reached]
        forms = _fused(nodes, roots)
        self.products: dict[Node, Product] = {}
        self.order: list[Node] = []
        for node in nodes:
            if node.op == "product":
                forms[node] = self._split(node, forms)
            self.order.append(node)
        return forms

    def _split(self, node: Node, forms: dict[Node, Form]) -> Form:
        """Return a product, what does not change in it apart: the input that is held."""
        starts = np.cumsum([0, *(a.rows for a in node.args)]).tolist()
        pairs = list(zip(node.args, starts, strict=False))
        held = [p for p in pairs if p[0].node.op == "given"]
        moving = [p for p in pairs if p[0].node.op not in ("given",)]
        begin: Node | None = None
        fixed = isinstance(node.what.root, Given)
        if held and moving and fixed:
            begin = Node("product", tuple(a for a, _ in held), (), node.rows, node.what)
            self.products[begin] = Product(node.what, tuple(s for _, s in held))
            forms[begin] = Form("product", begin.args, ())
            self.order.append(begin)
            pairs = moving
        self.products[node] = Product(node.what, tuple(s for _, s in pairs), begin)
        return Form("product", tuple(a for a, _ in pairs), ())

    def _read_by_learning(self) -> list[Ref]:
        changes = [c for _, _, own in self.learning for c in own]
        return [r for c in changes for r in (c.post, c.pre) if r is not None]

    def _before(self, node: Node) -> list[Ref]:
        begin = self.products[node].begin if node in self.products else None
        own = list(self.forms[node].args)
        return own if begin is None else [*own, Ref(begin, 0, begin.rows)]

    # What is carried from step to step.

    def _carry(self) -> None:
        """Find what of the state later steps need, and where it lies."""
        roots = [r for refs in self.recorded.state.values() for r in refs]
        roots += [r for refs in self.shown.values() for r in refs] + self._read_by_learning()
        reached = _reached(roots, self._before)
        self.live = [n for n in self.order if n.op == "leaf" and n in reached
                     and n.what.startswith("state.")]  # fmt: skip
        names = {n.what[len("state.") :]: n for n in self.live}
        self.carried: list[int] = []
        slots: dict[Node, int] = {}
        for node in self.live:
            slots[node] = len(self.carried)
            self.places[node] = (f"slot {len(self.carried)}", 0)
            self.carried.append(node.rows)
        source: dict[int, int] = {}
        self.copied: list[tuple[Ref, Place]] = []
        heads: list[tuple[Node, tuple[Ref, ...]]] = []
        claimed: set[Node] = set()
        for name, node in names.items():
            new = self.recorded.state[name]
            whole = new[0].node if len(new) == 1 and new[0].start == 0 else None
            if whole in slots and whole not in claimed and new[0].rows == whole.rows == node.rows:
                claimed.add(whole)
                source[slots[node]] = slots[whole]
            else:
                heads.append((node, new))
        for node, new in heads:
            fresh = len(self.carried)
            self.carried.append(node.rows)
            source[slots[node]] = fresh
            at = 0
            for ref in new:
                there = (f"slot {fresh}", at)
                at += ref.rows
                placed = ref.node.op in ("leaf", "given", "const") or ref.node in self.places
                if not placed and (ref.start, ref.rows) == (0, ref.node.rows):
                    if not self._hoisted(ref.node):
                        self.places[ref.node] = there
                        continue
                self.copied.append((ref, there))
        # whoever is read by nobody lends its room to what is computed anew
        free = [k for k in range(len(self.carried)) if k not in source.values()]
        for k in range(len(self.carried)):
            if k not in source:
                source[k] = free.pop(self._alike(free, self.carried[k]))
        self.source = [source[k] for k in range(len(self.carried))]

    def _alike(self, free: list[int], rows: int) -> int:
        return next(k for k, slot in enumerate(free) if self.carried[slot] == rows)

    def _hoisted(self, node: Node) -> bool:
        if node not in self._unchanging:
            if node.op in ("given", "const"):
                found = True
            elif node.op == "leaf":
                found = False
            else:
                found = all(self._hoisted(r.node) for r in self._before(node))
                if node.op == "product":
                    found = found and isinstance(self.products[node].view.root, Given)
            self._unchanging[node] = found
        return self._unchanging[node]

    # Places and operations.

    def _given_place(self, node: Node) -> Place:
        key = (node.op, id(node.what) if node.op == "given" else node.factors[0], node.rows)
        if key not in self.given:
            value = node.what if node.op == "given" else node.factors[0]
            self.given[key] = (value, self.given_rows, node.rows)
            self.given_rows += node.rows
        return ("given", self.given[key][1])

    def _at(self, ref: Ref) -> Place:
        node = ref.node
        if node.op in ("given", "const"):
            region, row = self._given_place(
                node
                if node.op == "given"
                else Node("const", (), node.factors, ref.start + ref.rows)
            )
        else:
            region, row = self.places[node]
        return (region, row + ref.start)

    def _emit(
        self, op: str, rows: int, places: Sequence[Place], numbers: Sequence[Any] = (),
        factors: Sequence[float] = (), unit: str = "lanes",
    ) -> None:  # fmt: skip
        self.operations.append((op, rows, list(places), list(numbers), list(factors), unit))

    def _execute(self, node: Node) -> None:
        """Emit what computes a node at its place."""
        form, at = self.forms[node], self.places[node]
        args = [self._at(r) for r in form.args] if node.op != "product" else []
        if form.op == "lin":
            e = [0.0] * (TERMS - len(args)) + [form.factors[-1]]
            self._emit(f"lin{len(args)}", node.rows, [at, *args], (), [*form.factors[:-1], *e])
        elif form.op == "mul":
            self._emit(
                "mul", node.rows, [at, *args], (), [form.factors[0], 0, 0, 0, form.factors[1]]
            )
        elif form.op == "muladd":
            e = [0.0] * (TERMS + 1 - len(form.factors)) + [form.factors[-1]]
            self._emit(
                f"muladd{len(args) - 2}", node.rows, [at, *args], (), [*form.factors[:-1], *e]
            )
        elif form.op == "product":
            self._multiply(node, at)
        elif form.op == "gather":
            row = at[1]
            for ref, place in zip(form.args, args, strict=True):
                self._emit("copy", ref.rows, [(at[0], row), place])
                row += ref.rows
        elif form.op in ("sum", "max_of"):
            self._emit(form.op, 1, [at, *args], [form.args[0].rows])
        elif form.op == "leaf":
            self._emit("varying", node.rows, [at], [("varying", self.varying[node.what][0])])
        else:
            self._emit(form.op, node.rows, [at, *args])

    def _multiply(self, node: Node, at: Place) -> None:
        product, args = self.products[node], self.forms[node].args
        view, begin = product.view, product.begin
        self._derive(view.root)
        pattern = _root_pattern(view, self.patterns)
        mine, theirs = np.zeros_like(pattern), np.zeros_like(pattern)
        for ref, column in zip(args, product.columns, strict=True):
            if ref.node.op == "const" and ref.node.factors[0] == 0:
                continue
            mine[:, column : column + ref.rows] = pattern[:, column : column + ref.rows]
        if begin is not None:
            for ref, column in zip(begin.args, self.products[begin].columns, strict=True):
                theirs[:, column : column + ref.rows] = pattern[:, column : column + ref.rows]
        inherited = theirs.any(axis=1)
        done = np.zeros(len(pattern), dtype=bool)
        for (r0, r1), runs in blocks_of(mine):
            for begins, (a, b) in _runs_of(inherited[r0:r1], r0):
                mode = 2 if begins else 0
                for ref, column in zip(args, product.columns, strict=True):
                    for c0, c1 in runs:
                        lo, hi = max(c0, column), min(c1, column + ref.rows)
                        if lo >= hi:
                            continue
                        x = self._at(ref.part(lo - column, hi - lo))
                        self._block(view, at, (a, b), x, (lo, hi), mode, begin)
                        mode = 1
                done[a:b] = mode != 0
        for begins, (a, b) in _runs_of(~done, 0):
            if not begins:
                continue
            for from_begin, (lo, hi) in _runs_of(inherited[a:b], a):
                source = self.places[begin] if from_begin and begin else None
                place = (source[0], source[1] + lo) if source else self._at(_zeros(hi - lo))
                self._emit("copy", hi - lo, [(at[0], at[1] + lo), place])

    def _block(
        self, view: View, at: Place, rows: tuple[int, int], x: Place, columns: tuple[int, int],
        mode: int, begin: Node | None,
    ) -> None:  # fmt: skip
        d = (at[0], at[1] + rows[0])
        z = d
        if mode == 2 and begin is not None:
            z = (self.places[begin][0], self.places[begin][1] + rows[0])
        m, wi, wj = self._synapses(view.block(rows, columns))
        numbers = [columns[1] - columns[0], ("synapses", wi), ("synapses", wj), int(mode != 0)]
        self._emit("product", rows[1] - rows[0], [d, x, m, z], numbers, unit="rows")

    def _synapses(self, view: View) -> tuple[tuple[str, Any], int, int]:
        """Return where a block of synapses begins, and how far its rows and columns are apart."""
        if isinstance(view.root, Given):
            start, wide = self.room.of(view.root)
            self.synapses[id(view.root)] = (view.root, start)
            region = "synapses"
        elif isinstance(view.root, str):
            start, wide = 0, self.room.places["plastic", view.root][2]
            region = f"plastic {view.root}"
        else:
            start, wide = self.room.place(("derived", id(view.root)), *view.root.shape[1:])
            self.room.held.append(view.root)
            region = "synapses"
        at = start + view.rows[0] * wide + view.columns[0]
        return (region, at), *((1, wide) if view.turned else (wide, 1))

    def _derive(self, root: Any) -> None:
        """Emit what computes synapses that derive from those that learn, once a step."""
        if not isinstance(root, Matrix) or id(root) in self._derived:
            return
        self._derived.add(id(root))
        covered = np.zeros(root.shape[1:], dtype=bool)
        for term in root.terms:
            if isinstance(term.atom, Outer):
                raise self.tape.error(
                    "a product with synapses that change in the step", "let it lag"
                )
            mask = _mask(term, self.patterns)
            for keep in (0, 1):
                for change in _of_synapses(term, mask & (covered if keep else ~covered), keep):
                    self._change(change, View(root, (0, root.shape[1]), (0, root.shape[2]), False))
            covered |= mask

    def _change(self, change: Change, target: View, spare: str = "") -> None:
        d, row, _ = self._synapses(target.block(change.rows, change.columns))
        if spare:
            d = (f"spare {spare}", d[1])
        rows = change.rows[1] - change.rows[0]
        wide = change.columns[1] - change.columns[0]
        table, has_table = ("synapses", 0), 0
        if change.table is not None:
            whole = View(
                change.table, (0, change.table.shape[-2]), (0, change.table.shape[-1]), False
            )
            table, other, _ = self._synapses(whole.block(change.rows, change.columns))
            assert other == row, "a table has the dims of its synapses"
            has_table = 1
        if change.kind == "outer":
            assert change.post is not None and change.pre is not None
            places = [d, self._at(change.post), self._at(change.pre), table]
            numbers = [wide, ("synapses", row), has_table]
            self._emit("outer", rows, places, numbers, [change.scale], unit="rows")
            return
        s, si, sj = (d, row, 1) if change.source is None else self._synapses(change.source)
        numbers = [
            wide,
            ("synapses", row),
            ("synapses", si),
            ("synapses", sj),
            change.keep,
            has_table,
        ]
        self._emit("combine", rows, [d, s, table], numbers, [change.scale], unit="rows")

    # The parts of the program.

    def table(self) -> Table:
        """Return the program."""
        self._unchanging: dict[Node, bool] = {}
        self._derived: set[int] = set()
        self._carry()
        everything = [r for refs in self.recorded.state.values() for r in refs]
        lasting = [r for refs in self.shown.values() for r in refs] + self._read_by_learning()
        carried = [r for n in self.live for r in self.recorded.state[n.what[len("state.") :]]]
        free = _Free(0)
        for node in self.order:
            if node.op == "leaf" and not node.what.startswith("state."):
                at = sum(rows for _, rows in self.varying.values())
                self.varying[node.what] = (at, node.rows)
        self._emit_loads()
        needed = _reached([*everything, *lasting], self._before)
        for node in self.order:
            if node in needed and self._hoisted(node) and node.op not in ("given", "const"):
                self.places[node] = ("work", free.take(node.rows))
                self._execute(node)
        parts = [0, len(self.operations)]
        sizes = []
        for roots, store in (
            ([*carried, *lasting], False),
            ([*everything, *carried, *lasting], True),
        ):
            sizes.append(self._step(roots, free.end, store))
            parts.append(len(self.operations))
        return Table(
            self.operations, parts, list(self.given.values()), self.state, self.sums, self.varying,
            {
                "work": max(sizes), "given": self.given_rows,
                "state": sum(n for _, n in self.state.values()),
                "sums": sum(n for _, n in self.sums.values()),
            },
            self.carried, self.source, self._swapped(), self.synapses,
        )  # fmt: skip

    def _swapped(self) -> list[str]:
        return [name for name, in_place, _ in self.learning if not in_place]

    def _emit_loads(self) -> None:
        for node in self.live:
            row, rows = self.state[node.what[len("state.") :]]
            self._emit("copy", rows, [self.places[node], ("state", row)])

    def _step(self, roots: list[Ref], start: int, store: bool) -> int:
        """Emit one version of a step, and return the working memory that it needs."""
        needed = _reached(roots, self._before)
        steps = [n for n in self.order if n in needed and not self._hoisted(n)
                 and not (n.op == "leaf" and n.what.startswith("state."))]  # fmt: skip
        last = {r.node: k for k, n in enumerate(steps) for r in self._before(n)}
        last |= {r.node: len(steps) for r in roots}
        free, fixed = _Free(start), dict(self.places)
        self._derived = set()
        for k, node in enumerate(steps):
            if node not in fixed:
                self.places[node] = ("work", free.take(node.rows))
            self._execute(node)
            for used in {r.node for r in self._before(node)} | {node}:
                if last.get(used, k) == k and used not in fixed and used in self.places:
                    free.give(self.places[used][1], used.rows)
        for role, refs in self.shown.items():
            row = self.sums[role][0]
            for ref in refs:
                self._emit("accumulate", ref.rows, [("sums", row), self._at(ref)])
                row += ref.rows
        for name, in_place, changes in self.learning:
            first, post, pre = self.room.places["plastic", name]
            target = View(name, (0, post), (0, pre), False)
            for change in changes:
                self._change(change, target, "" if in_place else name)
        if store:
            for name, refs in self.recorded.state.items():
                row = self.state[name][0]
                for ref in refs:
                    self._emit("copy", ref.rows, [("state", row), self._at(ref)])
                    row += ref.rows
        for ref, place in self.copied:
            self._emit("copy", ref.rows, [place, self._at(ref)])
        self.places = fixed
        return free.end


def _zeros(rows: int) -> Ref:
    return Ref(Node("const", (), (0.0,), rows), 0, rows)


def _runs_of(flags: Pattern, start: int) -> list[tuple[bool, tuple[int, int]]]:
    if not len(flags):
        return []
    ends = [0, *(np.flatnonzero(np.diff(flags)) + 1).tolist(), len(flags)]
    return [
        (bool(flags[a]), (start + a, start + b)) for a, b in zip(ends[:-1], ends[1:], strict=True)
    ]


def _reached(roots: Iterable[Ref], before: Any) -> set[Node]:
    found: set[Node] = set()
    waiting = [r.node for r in roots]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        waiting += [r if isinstance(r, Node) else r.node for r in before(node)]
    return found


def encoded(
    table: Table, lanes: int, synapse_lanes: int, plastic: Mapping[str, int]
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

    program = np.zeros((len(table.operations), loop.COLUMNS), np.int64)
    factors = np.zeros((len(table.operations), loop.FACTORS))
    for k, (op, rows, places, numbers, own, unit) in enumerate(table.operations):
        program[k, 0] = loop.OPERATIONS.index(op)
        program[k, 1] = rows if unit == "rows" else rows * lanes
        for n, one in enumerate(places):
            program[k, 2 + 2 * n : 4 + 2 * n] = place(one)
        for n, one in enumerate(numbers):
            program[k, 12 + n] = number(one)
        factors[k, : len(own)] = own
    return program, factors, {**begins, "end": at}, where, np.array(permutation, np.int64)
