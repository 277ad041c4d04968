"""What a run does about derivatives: which ones, at which values, and what is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.checks.derivatives import check_derivatives, name_kind
from dataflow.checks.kinds import check_derivative_kinds
from dataflow.derivation.questions import find_differentiable
from dataflow.derivation.reverse import list_passing
from dataflow.entries import Derivative, freeze_derivative
from dataflow.errors import Diagnostic, GraphError, UsageError
from dataflow.shapes import ArrayType
from dataflow.sweeps.finite import is_finite, spell
from dataflow.sweeps.seeds import MisfitError, fit_array, show_given
from dataflow.typecheck.derivatives import check_derivative_types

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.graph import Graph
    from dataflow.operators import Operator
    from dataflow.registry import Operators


def list_derivatives(graph: Graph, asked: Mapping[str, Any]) -> dict[str, Derivative]:
    """The derivatives of a graph and those asked for beside it, each with all that it is of and in.

    Raises `UsageError` for what is asked for and is not there, `GraphError` where nothing can be differentiated.

    >>> from dataflow.graph import Graph
    >>> list_derivatives(Graph(inputs={"x": 1}), {"g": Derivative("gradient", "x")})["g"][:3]
    ('gradient', ('x',), ('x',))
    """
    if found := find_asked_problems(graph, asked):
        raise UsageError(found)
    beside = {name: freeze_derivative(item, arrays=True) for name, item in asked.items()}
    return {name: _complete(graph, name, item) for name, item in {**graph.derivatives, **beside}.items()}


def find_asked_problems(graph: Graph, asked: Mapping[str, Any], *, whole: bool = True) -> list[Diagnostic]:
    """Every problem of derivatives that are asked for beside those of a graph.

    Unless they are `whole` directions and cotangents may be missing.
    """
    found: list[Diagnostic] = []
    for name, item in asked.items():
        frozen = freeze_derivative(item, arrays=True)
        problems = list(check_derivative_kinds(name, frozen))
        problems = problems or list(check_derivatives(graph, {name: frozen}, whole=whole))
        found += [_describe_asked(name, item, problem) for problem in problems]
        if name in graph.derivatives and whole:
            message = f"`{name}` is the name of a derivative that the graph asks for itself"
            hint = "its result has that already; or give one of them another name"
            found.append(Diagnostic("DF0919", message, hint=hint))
    return found


def _describe_asked(name: Any, item: Any, problem: Diagnostic) -> Diagnostic:
    """A problem of what stands in no document: without a place, and by whose name it is."""
    message = problem.message if name == getattr(item, "kind", None) else f"derivative `{name}`: {problem.message}"
    code = "DF0905" if problem.code == "DF0203" else problem.code
    return problem._replace(code=code, path=(), message=message)


def _complete(graph: Graph, name: str, item: Derivative) -> Derivative:
    """With what it is taken in, where that was left out."""
    if item.kind == "jvp":
        return item._replace(wrt=tuple(item.along))
    if item.wrt:
        return item
    differentiable = set(find_differentiable(graph))
    if not differentiable:
        message = f"`{name}`, {name_kind(item.kind)}, is taken in nothing: no input or parameter is differentiable"
        hint = "name inputs of a float type as `wrt`; data from a file is differentiated only if asked for"
        raise GraphError(_place(graph, name, Diagnostic("DF0245", message, ("derivatives", name), hint=hint)))
    return item._replace(wrt=tuple(given for given in graph.given if given in differentiable))


def _place(graph: Graph, name: str, problem: Diagnostic) -> Diagnostic:
    return problem if name in graph.derivatives else problem._replace(path=())


def list_roots(derivatives: Mapping[str, Derivative]) -> list[str]:
    """The values that have to be known before derivatives can be taken.

    >>> list_roots({"g": Derivative("jacobian", ("y",), wrt=("x",))})
    ['y', 'x']
    """
    names = (name for item in derivatives.values() for name in (*item.of, *item.wrt, *item.along))
    return list(dict.fromkeys(names))


def differentiate(
    graph: Graph,
    operators: Operators,
    derivatives: Mapping[str, Derivative],
    values: Mapping[str, Any],
    given: Mapping[str, Any],
) -> dict[str, Product]:
    """Every derivative at the values of a run, by name.

    graph:  with lengths in place of sizes.
    values: of what `list_roots` names; `given`: of inputs and parameters.

    Raises `GraphError` for what has no derivative at these values, with all of them at once.
    """
    from dataflow.derivatives import compute_derivatives

    problems: list[Diagnostic] = []
    types = {name: _type_of(value) for name, value in values.items()}
    ready: dict[str, Derivative] = {}
    for name, item in derivatives.items():
        found = list(check_derivative_types(name, item, types))
        try:
            ready[name] = item if found else _fit(name, item, values)
        except GraphError as error:
            found += error.diagnostics
        problems += [_place(graph, name, problem) for problem in found]
    if problems:
        raise GraphError(problems)
    products = compute_derivatives(graph, operators, given, ready)
    return {name: _finish(products[name], item, graph, operators) for name, item in derivatives.items()}


def _type_of(value: Any) -> ArrayType:
    plain = "bool" if isinstance(value, bool) else "float64"
    return ArrayType(value.dtype.name, value.shape) if hasattr(value, "dtype") else ArrayType(plain, ())


def _fit(name: str, item: Derivative, values: Mapping[str, Any]) -> Derivative:
    """The derivative with directions and cotangent as arrays of the shapes and dtypes of their values.

    A direction is 0 where none is given: an hvp is taken in more than what moves.
    """
    import numpy as np

    path, problems = ("derivatives", name), list[Diagnostic]()

    def fit(value: Any, target: str, what: str, *place: str) -> Any:
        try:
            return fit_array(value, values[target])
        except MisfitError as error:
            message, found = f"{what} does not fit `{target}`", show_given(value)
            problems.append(Diagnostic("DF0243", message, (*path, *place), found=found, expected=error.expected))

    along = {key: fit(value, key, "the direction", "along", key) for key, value in item.along.items()}
    cotangent = None if item.cotangent is None else fit(item.cotangent, item.of[0], "the cotangent", "cotangent")
    if problems:
        raise GraphError(problems)
    if item.kind == "hvp":
        along |= {key: np.zeros_like(values[key]) for key in item.wrt if key not in along}
        item = item._replace(wrt=tuple(dict.fromkeys([*item.wrt, *along])))
    return item._replace(along=along, cotangent=cotangent)


def _finish(product: Product, item: Derivative, graph: Graph, operators: Mapping[str, Operator]) -> Product:
    """The product in what was asked for alone, and in the order in which it was; with what reaches nothing."""
    blocks = product.blocks
    if item.kind == "hvp":
        blocks = {("", name): blocks["", name] for name in item.wrt}
    reaching = find_reaching(graph, operators, item.of)
    unreached = tuple(name for name in item.wrt if name not in reaching or name in product.unreached)
    return product._replace(wrt=item.wrt, blocks=blocks, unreached=unreached)


def find_reaching(graph: Graph, operators: Mapping[str, Operator], names: Iterable[str]) -> set[str]:
    """All values on which some values depend by rules that have a derivative, themselves included.

    >>> from dataflow.document import loads
    >>> from dataflow.registry import standard
    >>> graph = loads("{dataflow: 1, inputs: {a: 1, b: 2}, nodes: {y: floor(a) * b, z: exp(a)}}")
    >>> sorted(find_reaching(graph, standard(), ["y"]))
    ['a', 'b', 'y', 'y#1']
    """
    found = set(names)
    for name in reversed(graph.order):
        node = graph.nodes[name]
        if any(output in found for output in node.outputs or (name,)):
            found.update(list_passing(operators[node.op], node))
    return found


def find_nonfinite_products(products: Mapping[str, Product]) -> Iterator[Mapping[str, Any]]:
    """A finding for each derivative of which not every element is finite."""
    for name, product in products.items():
        bad = [(key, block) for key, block in product.blocks.items() if not is_finite(_elements_of(block))]
        if bad:
            (first, second), block = bad[0]
            of, wrt = first or product.of[0], second
            what = f"the derivative of `{of}`" + (f" in `{wrt}`" if wrt else "")
            if product.kind == "hessian":
                what = f"the derivative of `{product.of[0]}` in `{first}` and `{second}`"
            found = _spell_nonfinite(_elements_of(block))
            message = f"`{name}` is not finite: {what} is {found}"
            yield {"code": "DF0249", "node": product.of[0], "found": found, "message": message}


def _elements_of(block: Any) -> Any:
    return getattr(block, "values", block)


def _spell_nonfinite(value: Any) -> str:
    """The first element that is not finite, and how many others are not."""
    import numpy as np

    elements = np.asarray(value, float).reshape(-1)
    bad = elements[~np.isfinite(elements)]
    more = f", as are {len(bad) - 1} more of its {len(elements)} elements" if len(bad) > 1 else ""
    return f"{spell(float(bad[0]))}{more}"
