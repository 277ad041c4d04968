"""The table of a result: name, value and gradient, the most important rows of a large graph first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.cli.reports import print_lines, print_table
from dataflow.graph import HIDDEN
from dataflow.sweeps.finite import is_finite, spell

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.result import Result

MAX_ROWS = 40
MAX_ELEMENTS = 4


def print_result(graph: Graph, result: Result, path: str) -> None:
    """Print at most MAX_ROWS rows, then what was found and where the result was written."""
    names = _choose(graph, result)
    gradients = result.target is not None
    rows = [("", "value", f"d{result.target}/d..")[: 2 + gradients]]
    for name in names:
        cells = (
            _label(name, result),
            describe(result.values[name]),
            _describe_gradient(name, result) if gradients else "",
        )
        rows.append(cells[: 2 + gradients])
    print_table(rows, align="<>>"[: 2 + gradients])
    if (more := len(result.values) - len(names)) > 0:
        print_lines(f"... and {more} more in {path}")
    if result.unreached:
        listed = ", ".join(result.unreached[:10]) + (", ..." if len(result.unreached) > 10 else "")
        print_lines("", f"{result.target} does not depend on {listed}: the gradient is 0")
    if result.derivatives:
        from dataflow.cli.derivative_table import print_products

        print_products(graph, result, path)
    for finding in result.findings:
        severity = "note" if finding["code"] == "DF0613" else "warning"
        print_lines("", f"{severity}[{finding['code']}]: {finding['message']}")
    if result.unproved:
        print_lines("", f"not proved: {', '.join(result.unproved)}")
    print_lines("", f"written to {path}")


def _choose(graph: Graph, result: Result) -> list[str]:
    """All names in the order of the document; of too many first the given ones, the target and what is not finite."""
    names = list(result.values)
    if len(names) <= MAX_ROWS:
        return names
    chosen = dict.fromkeys(_first(graph, result))
    for name in names:
        if len(chosen) >= MAX_ROWS:
            break
        chosen[name] = None
    kept = set(list(chosen)[:MAX_ROWS])
    return [name for name in names if name in kept]


def _first(graph: Graph, result: Result) -> Iterator[str]:
    if result.target in result.values:
        yield result.target  # type: ignore[misc]
    yield from (name for name in graph.given if name in result.values)
    if not result.findings:
        return
    yield from (
        name
        for name in result.values
        if not is_finite(result.values[name]) or not is_finite(result.gradients.get(name))
    )


def _label(name: str, result: Result) -> str:
    if HIDDEN not in name or not result.labels:
        return name
    label = result.labels[name]
    place = f" at {label['line']}:{label['column']}" if "line" in label else ""
    return f"{label['owner']}: `{label['text']}`{place}"


def _describe_gradient(name: str, result: Result) -> str:
    gradient = result.gradients.get(name)
    return "-" if gradient is None else describe(gradient)


def describe(value: Any) -> str:
    """A number in at most 6 significant digits, unless it is whole; an array by its shape and first elements.

    Of many rows there is a summary alone: the mean, and from where to where the numbers go.

    >>> describe(33.0), describe(0.1 + 0.2), describe(True)
    ('33', '0.3', 'true')
    >>> describe({"count": 3, "non_finite": 1, "min": 1.0, "mean": 2.5, "max": 4.0})
    'mean 2.5 of 3, 1 to 4, 1 not finite'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return _describe_summary(value)
    if isinstance(value, int):
        return str(value)
    if not getattr(value, "shape", ()):
        number = float(value)
        if not is_finite(number):
            return spell(number)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.6g}"
    shape = " x ".join(map(str, value.shape))
    flat = value.reshape(-1)
    shown = ", ".join(describe(item.item()) for item in flat[:MAX_ELEMENTS])
    return f"[{shown}{', ...' if flat.size > MAX_ELEMENTS else ''}] ({shape})"


def _describe_summary(summary: Mapping[str, Any]) -> str:
    parts = [f"{summary['count']:,} numbers"]
    if summary["mean"] is not None:
        low, mean, high = (describe(float(summary[key])) for key in ("min", "mean", "max"))
        parts = [f"mean {mean} of {summary['count']:,}", f"{low} to {high}"]
    if summary["non_finite"]:
        parts.append(f"{summary['non_finite']:,} not finite")
    return ", ".join(parts)
