"""Turns what was recorded into the table of operations that the compiled loop goes through.

In this order: synapses that do not exist are left out, sums of sums become one operation, what
does not change is moved before the first step, what nobody reads is dropped, and every value gets
a place, which others use once it is no longer read.

There are two versions of a step. The last one also writes down the whole state; the others compute
only what later steps, or what is recorded, need. Both do the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from errorneurons.simulate.engine.fuse import TERMS, Form, Product, fused, reached, split
from errorneurons.simulate.engine.learning import (
    Change,
    Pattern,
    blocks_of,
    flagged_runs,
    learning_order,
    mask_of,
    of_synapses,
    seen_pattern,
)
from errorneurons.simulate.engine.matrix import Matrix, Outer
from errorneurons.simulate.engine.nodes import Given, Node, Ref, View, regions_of, zeros
from errorneurons.simulate.engine.record import Recorded
from errorneurons.simulate.engine.table import Free, OperationTable, Room

Place = tuple[str, int]
"""Where rows lie: a region and a row in it."""


class Lowering:
    """One program on its way from what was recorded to the table of operations."""

    def __init__(
        self, recorded: Recorded, roles: Sequence[str], patterns: Mapping[str, Pattern],
        plastic: Sequence[str], room: Room,
    ) -> None:  # fmt: skip
        self.recorded, self.patterns, self.room = recorded, patterns, room
        self.tape, self.plastic = recorded.tape, list(plastic)
        self.shown = {role: recorded.shown[role] for role in roles}
        self.learning = learning_order(self.tape, recorded.learnt, patterns)
        self.forms = self._forms()
        self.given: dict[Any, tuple[Any, int, int]] = {}
        self.given_rows = 0
        self.places: dict[Node, Place] = {}
        self.operations: list[Any] = []
        self.state, self.sums = regions_of(recorded.state), regions_of(self.shown)
        self.varying: dict[str, tuple[int, int]] = {}
        self.synapses: dict[int, tuple[Given, int]] = {}

    def _forms(self) -> dict[Node, Form]:
        roots = [r for refs in self.recorded.state.values() for r in refs]
        roots += [r for refs in self.shown.values() for r in refs]
        roots += self._read_by_learning()
        used = reached(roots, lambda node: node.args)
        nodes = [node for node in self.tape.nodes if node in used]
        forms = fused(nodes, roots, self.tape.opaque)
        self.products: dict[Node, Product] = {}
        self.order: list[Node] = []
        for node in nodes:
            if node.op != "product":
                self.order.append(node)
                continue
            for part, product, forms[part] in split(node):
                self.products[part] = product
                self.order.append(part)
        return forms

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
        used = reached(roots, self._before)
        self.live = [n for n in self.order if n.op == "leaf" and n in used
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
            older = new[0].node if len(new) == 1 and new[0].start == 0 else None
            if older in slots and older not in claimed and new[0].rows == older.rows == node.rows:
                claimed.add(older)
                source[slots[node]] = slots[older]
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
                whole = (ref.start, ref.rows) == (0, ref.node.rows)
                if not placed and whole and not self._hoisted(ref.node):
                    self.places[ref.node] = there
                else:
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
        pattern = seen_pattern(view, self.patterns)
        mine, theirs = np.zeros_like(pattern), np.zeros_like(pattern)
        for ref, column in zip(args, product.columns, strict=True):
            if ref.node.op == "const" and ref.node.factors[0] == 0:
                continue
            mine[:, column : column + ref.rows] = pattern[:, column : column + ref.rows]
        if begin is not None:
            for ref, column in zip(begin.args, self.products[begin].columns, strict=True):
                theirs[:, column : column + ref.rows] = pattern[:, column : column + ref.rows]
        inherited = np.asarray(theirs.any(axis=1))
        done = np.zeros(len(pattern), dtype=bool)
        for (r0, r1), runs in blocks_of(mine):
            for begins, (a, b) in flagged_runs(inherited[r0:r1], r0):
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
        for begins, (a, b) in flagged_runs(~done, 0):
            if not begins:
                continue
            for from_begin, (lo, hi) in flagged_runs(inherited[a:b], a):
                source = self.places[begin] if from_begin and begin else None
                place = (source[0], source[1] + lo) if source else self._at(zeros(hi - lo))
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
            mask = mask_of(term, self.patterns)
            for keep in (0, 1):
                for change in of_synapses(term, mask & (covered if keep else ~covered), keep):
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
            assert change.post is not None
            assert change.pre is not None
            places = [d, self._at(change.post), self._at(change.pre), table]
            numbers = [wide, ("synapses", row), has_table]
            self._emit("outer", rows, places, numbers, [change.scale], unit="rows")
            return
        s, si, sj = (d, row, 1) if change.source is None else self._synapses(change.source)
        numbers = [
            wide, ("synapses", row), ("synapses", si), ("synapses", sj), change.keep, has_table,
        ]  # fmt: skip
        self._emit("combine", rows, [d, s, table], numbers, [change.scale], unit="rows")

    # The parts of the program.

    def table(self) -> OperationTable:
        """Return the program."""
        self._unchanging: dict[Node, bool] = {}
        self._derived: set[int] = set()
        self._carry()
        everything = [r for refs in self.recorded.state.values() for r in refs]
        lasting = [r for refs in self.shown.values() for r in refs] + self._read_by_learning()
        carried = [r for n in self.live for r in self.recorded.state[n.what[len("state.") :]]]
        free = Free(0)
        for node in self.order:
            if node.op == "leaf" and not node.what.startswith("state."):
                at = sum(rows for _, rows in self.varying.values())
                self.varying[node.what] = (at, node.rows)
        self._emit_loads()
        needed = reached([*everything, *lasting], self._before)
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
        return OperationTable(
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
        needed = reached(roots, self._before)
        steps = [n for n in self.order if n in needed and not self._hoisted(n)
                 and not (n.op == "leaf" and n.what.startswith("state."))]  # fmt: skip
        last = {r.node: k for k, n in enumerate(steps) for r in self._before(n)}
        last |= {r.node: len(steps) for r in roots}
        free, fixed = Free(start), dict(self.places)
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
            _, post, pre = self.room.places["plastic", name]
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
