"""Sums of sums, and sums with a product, as one operation; what does not change in a product."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from errorneurons.simulate.engine.nodes import Given, Node, Ref, View

TERMS = 4
"""The most operands of an operation."""


class Form(NamedTuple):
    """What is executed for a node."""

    op: str
    args: tuple[Ref, ...]
    factors: tuple[float, ...]


FUSED = ("lin", "mul")


def fused(nodes: Sequence[Node], roots: Iterable[Ref], opaque: set[Node]) -> dict[Node, Form]:
    """Return what is executed for each node, sums of sums being one operation."""
    blocked = {ref.node for ref in roots} | opaque
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
        if any(a[1] > b[0] for a, b in pairwise(spans)):
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
    e = node.factors[-1]
    done: list[tuple[float, Ref]] = []
    while terms:
        a, ref = terms.pop(0)
        child, others = inlined(ref), len(terms) + len(done)
        most = 2 if product else TERMS
        if child is not None and child.op == "lin" and others + len(child.args) <= most:
            done += [(a * b, r) for b, r in zip(child.factors, child.args, strict=False)]
            e += a * child.factors[-1]
            continue
        fits = child is not None and others + len(child.args) - 2 <= 2
        if fits and child.op in ("mul", "muladd") and product is None:
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
        alone = child is not None and child.op == "lin" and len(child.args) == 1
        if alone and child.factors[1] == 0:
            a *= child.factors[0]
            args.append(child.args[0])
        else:
            args.append(ref)
    return Form("mul", tuple(args), (a, node.factors[1]))


def reached(roots: Iterable[Ref], before: Any) -> set[Node]:
    """Return all nodes that some rows are computed from."""
    found: set[Node] = set()
    waiting = [r.node for r in roots]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        waiting += [r if isinstance(r, Node) else r.node for r in before(node)]
    return found


@dataclass(eq=False)
class Product:
    """A product of a block of synapses: columns of its operands, and what it is added to."""

    view: View
    columns: tuple[int, ...]
    begin: Node | None = None


def split(node: Node) -> Iterator[tuple[Node, Product, Form]]:
    """Yield a product, before it what does not change in it: that of the input that is held."""
    starts = np.cumsum([0, *(a.rows for a in node.args)]).tolist()
    pairs = list(zip(node.args, starts, strict=False))
    held = [p for p in pairs if p[0].node.op == "given"]
    moving = [p for p in pairs if p[0].node.op not in ("given",)]
    begin: Node | None = None
    if held and moving and isinstance(node.what.root, Given):
        begin = Node("product", tuple(a for a, _ in held), (), node.rows, node.what)
        product = Product(node.what, tuple(s for _, s in held))
        yield begin, product, Form("product", begin.args, ())
        pairs = moving
    product = Product(node.what, tuple(s for _, s in pairs), begin)
    yield node, product, Form("product", tuple(a for a, _ in pairs), ())
