"""Does a graph ask for derivatives that there are: of its values, in its values, with what each kind takes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from dataflow.checks.inline import RaggedError, check_input, fits_shape, shape_of, show_shape
from dataflow.checks.names import fault_of
from dataflow.checks.nodes import propose_name
from dataflow.entries import KINDS, Derivative, Input, Size
from dataflow.errors import KEY, Diagnostic, Path, suggest
from dataflow.graph import Graph

SINGLE = frozenset({"gradient", "vjp", "hvp", "hessian"})  # of one value
BACKWARD = frozenset({"gradient", "vjp"})  # in any value; the others only in what is given
NEEDS: Mapping[str, str] = MappingProxyType({"jvp": "along", "hvp": "along", "vjp": "cotangent"})
TAKES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "gradient": ("wrt",), "vjp": ("cotangent", "wrt"), "jvp": ("along",), "jacobian": ("wrt", "sparse"),
    "hvp": ("along", "wrt"), "hessian": ("wrt", "sparse"),
})  # fmt: skip
WORDS: Mapping[str, str] = MappingProxyType({
    "along": "say for each input or parameter that moves how, as in `along: {x: 1}`",
    "cotangent": "give a weight for each element of what is differentiated, as in `cotangent: [1, 0]`",
})  # fmt: skip


def check_derivatives(
    graph: Graph, derivatives: Mapping[str, Derivative], *, whole: bool = True
) -> Iterator[Diagnostic]:
    """Every problem of some derivatives that can be seen before a graph runs.

    Unless they are `whole` directions and cotangents may be missing: they are given later.

    >>> graph = Graph(inputs={"a": 1}, target="a")
    >>> [problem.code for problem in check_derivatives(graph, {"g": Derivative("hvp", ("b",), wrt=("a",))})]
    ['DF0241', 'DF0203']
    """
    for name, derivative in derivatives.items():
        path: Path = ("derivatives", name)
        if (fault := fault_of(name)) is not None:
            yield Diagnostic("DF0201", fault[0], (*path, KEY), hint=fault[1])
        if derivative.kind not in KINDS:
            meant = suggest(derivative.kind, KINDS)
            hint = f"did you mean `{meant}`?" if meant else None
            message = f"there is no kind of derivative `{derivative.kind}`"
            yield Diagnostic("DF0240", message, path, expected=f"one of {', '.join(KINDS)}", hint=hint)
            continue
        yield from _check_parts(derivative, path, whole=whole)
        yield from _check_names(graph, derivative, path)
        yield from _check_values(graph, derivative, path)


def name_kind(kind: str) -> str:
    """A kind with its article.

    >>> name_kind("hvp"), name_kind("hessian")
    ('an hvp', 'a hessian')
    """
    return f"{'an' if kind == 'hvp' else 'a'} {kind}"


def _check_parts(derivative: Derivative, path: Path, *, whole: bool) -> Iterator[Diagnostic]:
    """What a kind needs and is not there, and what is there and has no meaning for it."""
    kind, takes = derivative.kind, TAKES[derivative.kind]
    given = {
        "along": bool(derivative.along), "cotangent": derivative.cotangent is not None, "wrt": bool(derivative.wrt),
        "sparse": derivative.sparse is not None,
    }  # fmt: skip
    needed = NEEDS.get(kind)
    if whole and needed is not None and not given[needed]:
        yield Diagnostic("DF0241", f"{name_kind(kind)} needs `{needed}`", (*path, kind, KEY), hint=WORDS[needed])
    for key, is_given in given.items():
        if is_given and key not in takes:
            having = [other for other in KINDS if key in TAKES[other]]
            hint = f"remove it: `{key}` belongs to {', '.join(having[:-1])}{' and ' * (len(having) > 1)}{having[-1]}"
            if kind == "jvp" and key == "wrt":
                hint = "remove it: a jvp is taken in what `along` names"
            yield Diagnostic("DF0241", f"{name_kind(kind)} has no `{key}`", (*path, key, KEY), hint=hint)


def _check_names(graph: Graph, derivative: Derivative, path: Path) -> Iterator[Diagnostic]:
    kind, known = derivative.kind, set(graph.names())
    if kind in SINGLE and len(derivative.of) > 1:
        hint = "give each of them a derivative of its own"
        if kind != "vjp":
            hint += "; a jacobian takes several"
        yield Diagnostic("DF0242", f"{name_kind(kind)} is that of one value", (*path, kind), hint=hint)
    elif not derivative.of:
        yield Diagnostic("DF0242", f"{name_kind(kind)} of nothing", (*path, kind), hint="name what is differentiated")
    places: list[tuple[str, Path]] = []
    for key, names in ((kind, derivative.of), ("wrt", derivative.wrt)):
        here = [(name, (*path, key, index)) for index, name in enumerate(names)]
        for index, (name, place) in enumerate(here):
            if name in names[:index]:
                yield Diagnostic("DF0242", f"`{name}` is named twice", place, hint="keep one of them")
        places += here
    places += [(name, (*path, "along", name, KEY)) for name in derivative.along]
    for name, place in places:
        if name not in known:
            yield _describe_unknown(graph, name, place)
        elif place[2] in ("wrt", "along"):
            yield from _check_root(graph, kind, name, place)


def _describe_unknown(graph: Graph, name: str, place: Path) -> Diagnostic:
    if name in graph.nodes and (outputs := graph.nodes[name].outputs):
        hint = f"choose one of them: {', '.join(f'`{output}`' for output in outputs)}"
        return Diagnostic("DF0231", f"`{name}` has several outputs", place, hint=hint)
    return Diagnostic("DF0203", f"`{name}` is not a value of this graph", place, hint=propose_name(name, graph))


def _check_root(graph: Graph, kind: str, name: str, place: Path) -> Iterator[Diagnostic]:
    """Whether a derivative can be taken in a value."""
    entry = graph.given.get(name)
    if entry is None:
        if kind not in BACKWARD:
            message = f"{name_kind(kind)} is taken in inputs and parameters, and `{name}` is a node"
            hint = f"gradient and vjp go back to nodes as well; or make `{name}` an input"
            yield Diagnostic("DF0244", message, place, hint=hint)
    elif not (dtype := entry.dtype or graph.dtype).startswith("float"):
        hint = "only floats have derivatives: leave it out, or declare it `dtype: float64`"
        yield Diagnostic("DF0245", f"`{name}` is of type {dtype}: there is no derivative in it", place, hint=hint)


def _check_values(graph: Graph, derivative: Derivative, path: Path) -> Iterator[Diagnostic]:
    """Whether directions and the cotangent are numbers, and as many as their values have where that is known."""
    for name, value in derivative.along.items():
        entry = graph.given.get(name)
        declared = None if entry is None else _shape_of_entry(entry)
        yield from _check_value(f"the direction of `{name}`", value, declared, (*path, "along", name))
    if derivative.cotangent is not None:
        entry = graph.given.get(derivative.of[0]) if derivative.of else None
        declared = None if entry is None else _shape_of_entry(entry)
        yield from _check_value("the cotangent", derivative.cotangent, declared, (*path, "cotangent"))


def _shape_of_entry(entry: Input) -> tuple[Size, ...] | None:
    """The shape of a given value as far as the graph says it."""
    try:
        return shape_of(entry.value) if entry.value is not None else entry.shape
    except RaggedError:  # a problem of that entry
        return None


def _check_value(what: str, value: Any, declared: tuple[Size, ...] | None, place: Path) -> Iterator[Diagnostic]:
    if hasattr(value, "shape"):  # an array, which is fitted when the graph runs
        return
    problems = list(check_input(Input(value), (), "float64", parameter=False))
    for item in problems:
        hint = "write a number, or a list of numbers" if item.code == "DF0502" else item.hint
        yield item._replace(path=(*place, *item.path[1:]), message=f"{what}: {item.message}", hint=hint)
    if not problems and declared is not None and not fits_shape(shape := shape_of(value), declared):
        message = f"{what} does not have the shape of what it belongs to"
        yield Diagnostic("DF0243", message, place, found=show_shape(shape), expected=show_shape(declared))
