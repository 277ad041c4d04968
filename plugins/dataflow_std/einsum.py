"""Sums of products over named axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dataflow.operators import Operator
from dataflow_std.subscripts import read_equation

KERNEL = "dataflow_std.kernels.products:einsum"
SHAPE = "dataflow_std.shapes.products:einsum"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("einsum", "z = sum of the products of xs, over the axes that the equation does not name after ->",
                 axes="dataflow_std.treatments.products:einsum",
                 forward=_einsum, backward={"xs": _einsum_dxs}, kernels={"numpy": KERNEL}, shape=SHAPE,
                 takes="numeric", examples=_examples, reference="dataflow_std.kernels.products_references:einsum",
                 description='A letter for each axis: "ij,jk->ik" is the matrix product, "ii->i" the diagonal, "ii->" '
                             'the trace, "ij->ji" the transpose. "..." stands for the axes that are left, which '
                             "broadcast. Without -> the output has the letters that occur once, in alphabetical order.",
                 conventions="an axis of length 1 broadcasts against the other axes of its letter; 0 for an empty sum",
                 source="Laue, Mitterreiter, Giesen, A simple and efficient tensor calculus (2020), Theorem 8, "
                        "https://arxiv.org/abs/2010.03313",
                 special=[(([1.0, 2.0], [3.0, 5.0]), 13.0, ([3.0, 5.0], [1.0, 2.0]), {"equation": "i,i->"}),
                          (([[1.0, 2.0], [3.0, 5.0]],), [1.0, 5.0], ([[1.0, 0.0], [0.0, 1.0]],),
                           {"equation": "ii->i"})]),
    ]  # fmt: skip


def _einsum(xp: Any, *xs: Any, equation: str) -> Any:
    return xp.einsum(xs, equation=equation)


def _einsum_dxs(xp: Any, g: Any, z: Any, *xs: Any, equation: str) -> list[Any]:
    """By einsum itself: the output's axes with those of the other inputs, summed to the axes of this one."""
    shapes = tuple([xp.shape(x) for x in xs])
    terms, output, lengths = read_equation(equation, shapes)
    parts = []
    for place, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        own = dict(zip(term, shape, strict=True))
        others = [*terms[:place], *terms[place + 1 :]]
        given = "".join([output, *others])
        kept = [letter for letter in own if letter in given and own[letter] == lengths[letter]]
        wanted = f"{','.join([output, *others])}->{''.join(kept)}"
        part = xp.einsum([g, *xs[:place], *xs[place + 1 :]], equation=wanted)
        parts.append(_spread(xp, part, kept, term, own))
    return parts


def _spread(xp: Any, part: Any, kept: list[str], term: str, own: dict[str, int]) -> Any:
    """A cotangent with the axes `kept` in the shape of an input: repeated along axes that were summed over alone, on
    the diagonal of axes that share a letter."""
    held = dict(zip(kept, xp.shape(part), strict=True))
    part = xp.reshape(part, shape=tuple(held.get(letter, 1) for letter in own))
    part = xp.broadcast_to(part, shape=tuple(own.values()))
    order = list(own)
    for letter in own:
        for _ in range(term.count(letter) - 1):
            axis = order.index(letter)
            order.append(order.pop(axis))
            part = xp.moveaxis(part, source=axis, destination=-1)
            part = xp.put_diagonal(part, shape=(*xp.shape(part), own[letter]))
            order.append(letter)
    return part if order == list(term) else xp.permute_dims(part, axes=_arrange(order, term))


def _arrange(order: list[str], term: str) -> tuple[int, ...]:
    """The permutation that brings axes with letters in the order of a term; those of one letter are alike."""
    places = {letter: [place for place, item in enumerate(order) if item == letter] for letter in order}
    return tuple(places[letter].pop() for letter in term)


def _examples(rng: Any) -> Sequence[Any]:
    cases: list[tuple[str, list[tuple[int, ...]]]] = [
        ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ba", [(2, 3)]), ("ij->", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]), ("ii->i", [(3, 3)]), ("ii", [(3, 3)]), ("iii->i", [(2, 2, 2)]),
        ("iij,j->ij", [(2, 2, 3), (3,)]), ("ijij->ji", [(2, 3, 2, 3)]), ("ij,k->k", [(2, 3), (4,)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]), ("...ij,...jk", [(5, 1, 2, 3), (4, 3, 2)]),
        ("...i->...", [(4, 3)]), ("i...,i...->...", [(3, 2), (3, 2)]), (",i->i", [(), (3,)]), ("i->", [(0,)]),
        ("bij,bjk,bk->bi", [(2, 3, 4), (2, 4, 2), (2, 2)]), ("ij,ij->ij", [(1, 3), (2, 3)]), ("...,...", [(), (2,)]),
        ("ij,j,k,kl->il", [(2, 3), (3,), (4,), (4, 2)]), ("ij,jk->ik", [(2, 1), (3, 4)]),
        ("ij,jk->ik", [(2, 0), (0, 3)]), ("ij,jk->ik", [(16, 20), (20, 16)]),
        ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]), ("i,i,i", [(3,), (3,), (3,)]), ("i->i", [(1,)]),
    ]  # fmt: skip
    return [(tuple(rng.normal(size=shape) for shape in shapes), {"equation": equation}) for equation, shapes in cases]
